#!/bin/bash
# Runs inside the booted systemd: from the release to a decision that becomes a result, and what happens when
# a role dies. Each line of the output says what held; the first that does not ends it with 1.
set -u
export PATH=/opt/quantum/current/bin:$PATH NO_COLOR=1
ok() { printf 'ok    %s\n' "$*"; }
broken() {
  printf 'BROKEN %s\n' "$*"
  systemctl --no-pager --lines 20 status 'quantum-*' 2>&1 | tail -80
  journalctl --no-pager -n 60 2>/dev/null | tail -60
  exit 1
}
within() { # seconds, what, command…
  local until=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $until ] || broken "$what"
    sleep 0.1
  done
  ok "$what"
}
redis() {
  REDISCLI_AUTH=$(sed -n 's#^redis://[^:]*:\([^@]*\)@.*#\1#p' /etc/quantum/credentials/redis-url-quantumctl) \
    redis-cli --user quantumctl --no-auth-warning "$@"
}
units="emergency-exit-worker exit-brain-watchdog paper-exchange exit-brain execution ai-strategy-router audit-logger"
[ -x /mnt/release/bin/quantum-safety-telemetry ] && units="$units safety-telemetry"

cd /mnt/release || broken "no release"
./install.sh --dry-run >/dev/null || broken "install.sh --dry-run"
[ -e /opt/quantum ] && broken "a dry run made /opt/quantum"
ok "a dry run changes nothing"
./install.sh || broken "install.sh"
for unit in $units; do systemctl is-active --quiet "quantum-$unit" || broken "quantum-$unit is not active"; done
ok "install: every unit is active"
./install.sh | grep -q 'restarting' && broken "a second run restarts something"
ok "a second run of install.sh restarts nothing"

for file in /etc/systemd/system/quantum*.service /etc/systemd/system/quantum*.timer /etc/systemd/system/quantum.target; do
  said=$(systemd-analyze verify --man=no "$file" 2>&1 | grep -i quantum)
  [ -z "$said" ] || broken "systemd-analyze verify: $said"
done
ok "systemd-analyze verify is silent"
for file in /etc/systemd/system/quantum-*.service; do
  score=$(systemd-analyze security --no-pager "$(basename "$file")" 2>/dev/null | sed -n 's/.*exposure level for [^:]*: \([0-9.]*\).*/\1/p')
  awk -v score="$score" 'BEGIN { exit !(score != "" && score <= 2.0) }' || broken "$(basename "$file") has exposure $score"
  printf 'ok    exposure %s %s\n' "$score" "$(basename "$file")"
done

quantumctl arm --yes || broken "arm"
decide() { # trace
  local mark
  mark=$(curl -s "http://127.0.0.1:8099/fapi/v1/premiumIndex?symbol=$2" | sed -n 's/.*"markPrice":"\([0-9.]*\)".*/\1/p')
  redis XADD quantum:stream:ai.decision.made '*' trace_id "$1" correlation_id "$1" payload "$(
    awk -v p="$mark" -v s="$2" -v t="$(date +%s%3N)" 'BEGIN { printf "{\"symbol\":\"%s\",\"side\":\"BUY\",\"confidence\":0.9,\"entry_price\":%s,\"position_size_usd\":400,\"leverage\":2,\"stop_loss\":%.2f,\"take_profit\":%.2f,\"model\":\"NHiTS\",\"regime\":\"TREND\",\"timestamp\":%s}", s, p, p*0.98, p*1.06, t }'
  )" >/dev/null
}
has_result() { redis XRANGE quantum:stream:execution.result - + | grep -q "$1"; }
decide first ETHUSDT
within 10 "a decision becomes a result" has_result first
redis XREVRANGE quantum:stream:execution.result + - COUNT 1 | grep -q filled || broken "the result is not a fill"
ok "its order filled"

main_pid() { systemctl show -p MainPID --value "quantum-$1"; }
restarted() { local now; now=$(main_pid "$1"); [ "$now" != 0 ] && [ "$now" != "$2" ] && systemctl is-active --quiet "quantum-$1"; }
for unit in ai-strategy-router execution audit-logger exit-brain-watchdog emergency-exit-worker; do
  was=$(main_pid "$unit")
  kill -9 "$was"
  within 5 "$unit killed -9 is back" restarted "$unit" "$was"
done
[ "$(redis XLEN system:panic_close)" = 0 ] || broken "a panic came of it"
ok "none of it was a panic"
decide second BTCUSDT
within 10 "decisions still become results" has_result second

systemctl start quantum-stream-recover.service || broken "stream recovery"
journalctl --no-pager -u quantum-stream-recover 2>/dev/null | tail -3
ok "the stream recovery runs"
systemctl is-active --quiet quantum-stream-recover.timer || broken "its timer is not active"
ok "its timer is active"

# A watchdog that has just started gives the exit brain ten seconds.
within 15 "the watchdog is HEALTHY" sh -c 'curl -s http://127.0.0.1:9103/v1/watch | grep -q HEALTHY'
was=$(main_pid exit-brain)
kill -STOP "$was"
within 12 "exit brain stopped with positions open: panic, halted" sh -c '[ -e /run/quantum/halted ]'
flat() { redis XRANGE system:panic_close:completed - + | grep -q flat; }
within 15 "the panic ends flat" flat
within 6 "systemd has put a living exit brain in its place" restarted exit-brain "$was"
quantumctl halt clear --why 'tried in a test' --yes || broken "halt clear"
was=$(main_pid exit-brain)
kill -STOP "$was"
within 5 "without positions: killed by its watchdog and running again" restarted exit-brain "$was"
[ "$(redis XLEN system:panic_close)" = 1 ] || broken "a second panic came of it"
ok "and no panic"

printf 'TRADING_MODE=PAPRE\n' >>/etc/quantum/quantum-execution.env
systemctl restart quantum-execution.service 2>/dev/null
code() { systemctl show -p ExecMainStatus --value quantum-execution; }
[ "$(code)" = 78 ] || broken "a bad setting ends with $(code)"
systemctl status --no-pager quantum-execution 2>/dev/null | grep -q 'TRADING_MODE' || broken "status does not show the reason"
ok "a bad setting: exit 78, the reason in systemctl status"
sleep 4
systemctl is-failed --quiet quantum-execution || broken "it is restarted in a loop"
ok "no restart loop"
rm /etc/quantum/quantum-execution.env
systemctl start quantum-execution.service || broken "it does not start again"

systemctl stop redis-server.service
within 5 "Redis is gone" sh -c '! systemctl is-active --quiet redis-server'
systemctl restart --no-block quantum-ai-strategy-router.service quantum-execution.service quantum-audit-logger.service
sleep 2
systemctl start redis-server.service
for unit in $units; do within 20 "after Redis came late: $unit is active" systemctl is-active --quiet "quantum-$unit"; done
# Upgrade and rollback while decisions keep coming.
printf 'SAFETY_GLOBAL_MAX_INTENTS_PER_WINDOW=1000\nSAFETY_SYMBOL_MAX_INTENTS_PER_WINDOW=1000\n' >>/etc/quantum/core_safety.env
systemctl restart quantum-ai-strategy-router.service || broken "the router does not start again"
next=/tmp/next
cp -r /mnt/release "$next"
release_as() { # name, change of a unit
  sed -i "s/\"name\":\"[^\"]*\"/\"name\":\"$1\"/" "$next/BUILD.json"
  sed -i "$2" "$next/systemd/quantum-execution.service" "$next/systemd/quantum-exit-brain.service"
  (cd "$next" && find . -type f ! -name SHA256SUMS | LC_ALL=C sort | xargs sha256sum >SHA256SUMS)
}
symbols=(ETHUSDT BTCUSDT SOLUSDT BNBUSDT)
(
  for n in $(seq 1 400); do
    [ -e /tmp/enough ] && break
    decide "load-$n" "${symbols[$((n % 4))]}"
    sleep 0.1
  done
) &
load=$!
release_as quantum-next '$a # a comment that differs'
"$next/install.sh" >/tmp/upgrade.log || { cat /tmp/upgrade.log; broken "the upgrade"; }
grep -q 'quantum-execution: restarting' /tmp/upgrade.log || broken "the upgrade restarts nothing"
grep -q 'quantum-audit-logger: unchanged' /tmp/upgrade.log || broken "the upgrade restarts what is the same"
[ "$(readlink /opt/quantum/current)" = releases/quantum-next ] || broken "current points elsewhere"
ok "upgrade under load: only what differs is restarted"
/opt/quantum/current/install.sh --rollback >/dev/null || broken "the rollback"
[ "$(readlink /opt/quantum/current)" = releases/quantum-test ] || broken "the rollback points elsewhere"
ok "rollback under load, in one step"
release_as quantum-broken 's#^ExecStart=/opt/quantum/current/bin/quantum-exit-brain#ExecStart=/bin/false#'
QUANTUM_READY_SEC=5 "$next/install.sh" >/tmp/broken.log 2>&1 && broken "a release that does not start was installed"
[ "$(readlink /opt/quantum/current)" = releases/quantum-test ] || broken "the broken release stayed: $(tail -3 /tmp/broken.log)"
within 10 "a release that does not come up rolls itself back" systemctl is-active --quiet quantum-exit-brain
touch /tmp/enough
wait "$load"
quantumctl status
printf 'ok    everything held\n'
