# What the checks share; sourced inside the booted systemd. Each line of the output says what held, and when; the
# first that does not ends the check with 1.
set -u
export PATH=/opt/quantum/current/bin:$PATH NO_COLOR=1
begun=${EPOCHREALTIME/./}
units="emergency-exit-worker exit-brain-watchdog paper-exchange exit-brain execution ai-strategy-router audit-logger
safety-telemetry"
inside=/mnt/project/tests/systemd/inside

elapsed() { local now=${EPOCHREALTIME/./}; printf '%d.%d' $(((now - begun) / 1000000)) $(((now - begun) / 100000 % 10)); }
ok() { printf 'ok %6s s  %s\n' "$(elapsed)" "$*"; }
broken() {
  printf 'BROKEN %s s  %s\n' "$(elapsed)" "$*"
  systemctl --no-pager --no-legend --full list-units 'quantum*' redis-server.service
  journalctl --no-pager -o short-precise -n 200 -u 'quantum-*' 2>/dev/null | cut -c1-400 | tail -25
  exit 1
}
# A machine that others load beyond four times its cores must not fail a limit that is about ours.
stretch() { awk -v cores="$(nproc)" -v limit="$1" '{ by = $1 / (4 * cores); printf "%d", limit * (by > 1 ? by : 1) }' /proc/loadavg; }
# Waits, then says how long it took: the figure is part of what is shown.
within() { # seconds, what, command…
  local limit=$1 what=$2 from=${EPOCHREALTIME/./} now most=$1 by=
  shift 2
  until "$@" >/dev/null 2>&1; do
    now=${EPOCHREALTIME/./} most=$(stretch "$limit")
    [ $((now - from)) -lt $((most * 1000000)) ] || broken "$what: not within $most s"
    sleep 0.05
  done
  now=${EPOCHREALTIME/./}
  [ $((now - from)) -lt $((limit * 1000000)) ] || by=", stretched to $most s: others load this machine"
  ok "$what ($(((now - from) / 1000)) ms of at most $limit s$by)"
}
expect() { # what, wanted, got
  [ "$2" = "$3" ] || broken "$1: wanted $2, got $3"
  ok "$1: $3"
}
redis() {
  REDISCLI_AUTH=$(sed -n 's#^redis://[^:]*:\([^@]*\)@.*#\1#p' /etc/quantum/credentials/redis-url-quantumctl) \
    redis-cli --user quantumctl --no-auth-warning "$@"
}
now_ms() { printf '%d' $((${EPOCHREALTIME/./} / 1000)); }
prop() { systemctl show -p "$2" --value "quantum-$1"; }
main_pid() { prop "$1" MainPID; }
restarted() { local now; now=$(main_pid "$1"); [ "$now" != 0 ] && [ "$now" != "$2" ] && systemctl is-active --quiet "quantum-$1"; }
active() { systemctl is-active --quiet "quantum-$1"; }
panics() { redis XLEN system:panic_close; }
all_done() { [ "$(redis HVALS system:panic_close:processed | grep -c DONE)" = "$(panics)" ]; }
clear_halt() {
  within 30 "every panic is done" all_done
  within 15 "the halt is cleared" quantumctl halt clear --why 'tried in a test' --yes
  [ -e /run/quantum/halted ] && broken "the halt file is still there"
}
said() { journalctl --no-pager -o cat -u "quantum-$1" 2>/dev/null | grep -qE "$2"; }
token() { cat "/etc/quantum/credentials/admin-token-$1"; }
venue_admin() { # method, path, body
  curl -sf -X "$1" "http://127.0.0.1:8099/paper/$2" -H "Authorization: Bearer $(token paper-exchange)" \
    -H 'content-type: application/json' -d "$3" >/dev/null
}
decide() { # trace, symbol
  local mark
  mark=$(curl -s "http://127.0.0.1:8099/fapi/v1/premiumIndex?symbol=$2" | sed -n 's/.*"markPrice":"\([0-9.]*\)".*/\1/p')
  redis XADD quantum:stream:ai.decision.made '*' trace_id "$1" correlation_id "$1" payload "$(
    awk -v p="$mark" -v s="$2" -v t="$(date +%s%3N)" 'BEGIN { printf "{\"symbol\":\"%s\",\"side\":\"BUY\",\"confidence\":0.9,\"entry_price\":%s,\"position_size_usd\":400,\"leverage\":2,\"stop_loss\":%.2f,\"take_profit\":%.2f,\"model\":\"NHiTS\",\"regime\":\"TREND\",\"timestamp\":%s}", s, p, p*0.98, p*1.06, t }'
  )" >/dev/null
}
has_result() { redis XRANGE quantum:stream:execution.result - + | grep -q "$1"; }
has_positions() { [ "$(redis XREVRANGE exit_brain:heartbeat + - COUNT 1 | grep -A1 '^active_positions' | tail -1)" -gt 0 ]; }
begin_load() { # name
  rm -f /run/enough /run/published
  since=$(now_ms) panics_before=$(panics)
  bun "$inside/load.ts" "$1" 10 &
  load=$!
  within 10 "load: ten decisions a second" test -s /run/published
}
end_load() {
  touch /run/enough
  wait "$load" || broken "the load ended early"
  local account
  account=$(bun "$inside/account.ts" "$since" 2>&1) || broken "the account of the run: $account"
  ok "$account"
  expect "panics of the run" 0 $(($(panics) - panics_before))
}
