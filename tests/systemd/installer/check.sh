#!/bin/bash
# What install.sh does when something goes wrong; run.sh runs it. The first thing that does not hold ends it with 1.
set -u
ok() { printf 'ok           install.sh: %s\n' "$*"; }
broken() {
  printf 'BROKEN       install.sh: %s\n' "$*"
  tail -n 20 /run/log /run/redis.log 2>/dev/null
  exit 1
}
echo '{}' >/run/status
mkdir -p /run/bin /run/redis /etc/quantum/credentials
cp /mnt/project/tests/systemd/installer/systemctl /run/bin/systemctl
for name in systemd-sysusers systemd-tmpfiles; do ln -s /bin/true "/run/bin/$name"; done
groupadd -f qt

first=/run/first
mkdir -p "$first/bin"
sh /mnt/project/scripts/release-files.sh "$first"
printf '#!/bin/sh\n' >"$first/install-monitoring.sh"
for unit in "$first"/systemd/quantum-*.service; do
  name=$(basename "$unit" .service)
  cp /bin/sleep "$first/bin/$name"
  echo "$name" >>"$first/bin/$name"
done
cat >"$first/bin/quantumctl" <<'STANDIN'
#!/bin/sh
case "$*" in
*--venue*) cat /run/venue ;;
*library*) [ ! -e /run/no-library ] ;;
*) cat /run/status ;;
esac
STANDIN
chmod +x "$first"/bin/*
named() { # folder, name
  printf '{"name":"%s","version":"0.0.0","git":"test"}\n' "$2" >"$1/BUILD.json"
  (cd "$1" && find . -type f ! -name SHA256SUMS | LC_ALL=C sort | xargs sha256sum >SHA256SUMS)
}
release() { cp -r "$first" "/run/$1"; } # name; then change it, then `named`
install() { "$@" >/run/log 2>&1; }
links() { printf '%s %s %s' "$(readlink /opt/quantum/current)" "$(readlink /opt/quantum/previous)" "$(readlink /opt/quantum/unfinished)"; }
expect_links() { [ "$(links)" = "$2" ] || broken "$1: $(links) instead of $2"; }
expect_units() { # when, release folder: its units and drop-ins, and the operator's own
  local wanted found
  wanted=$(cd "$2/systemd" && { find . -name '*.service' -o -name '*.timer' -o -name '*.target'; find . -path './*.service.d/*'; echo ./quantum-execution.service.d/50-mine.conf; } | sort)
  found=$(cd /etc/systemd/system && find . -type f -path '*quantum*' | sort)
  [ "$wanted" = "$found" ] || broken "$1: units $(diff <(echo "$wanted") <(echo "$found"))"
}
redis() {
  REDISCLI_AUTH=$(sed 's#^redis://[^:]*:\([^@]*\)@.*#\1#' /etc/quantum/credentials/redis-url-quantumctl) \
    redis-cli --user quantumctl --no-auth-warning "$@"
}
# Runs it until it stands in the restart of a unit, then ends it with the signal.
cut_short() { # unit, signal, command…
  local unit=$1 signal=$2 run
  shift 2
  rm -f /run/log
  touch "/run/hold-$unit"
  "$@" >/run/log 2>&1 &
  run=$!
  until grep -qs "$unit: restarting" /run/log || ! kill -0 "$run" 2>/dev/null; do sleep 0.02; done
  kill -s "$signal" "$run"
  rm "/run/hold-$unit"
  wait "$run" 2>/dev/null && broken "it was not cut short at $unit"
}

systemctl start redis-server || broken "no Redis"
redis-cli SET somebody:key kept >/dev/null
redis-cli -n 3 XADD somebody:stream '*' a b >/dev/null
printf 'maxmemory 600mb\n' >/etc/redis/quantum-local.conf
: >/etc/quantum/credentials/redis-url-execution
named "$first" quantum-first
redis-cli ACL SETUSER default -config >/dev/null
install "$first/install.sh" && broken "installed although what Redis holds would be gone"
grep -q 'holds keys that this restart would lose' /run/log || broken "it does not say why"
[ -e /etc/redis/quantum.conf ] && broken "it changed Redis' settings all the same"
redis-cli ACL SETUSER default +config '>theirs' >/dev/null
install "$first/install.sh" && broken "installed although nobody could ask Redis what it holds"
grep -q 'NOAUTH.*REDISCLI_AUTH' /run/log || broken "it does not say what to do"
REDISCLI_AUTH=theirs install "$first/install.sh" || broken "the first installation"
held=$(redis INFO keyspace | sed -n 's/^\(db[0-9]*:keys=[0-9]*\).*/\1/p' | xargs)
[ "$held" = "db0:keys=1 db3:keys=1" ] || broken "what Redis held is gone: $held"
ok "the first installation keeps what a running Redis held, and is refused where it could not"
expect_links "first installation" "releases/quantum-first  "
[ -s /etc/quantum/credentials/redis-url-execution ] || broken "an empty credential is kept"
[ "$(redis CONFIG GET maxmemory | tail -1)" = 629145600 ] || broken "quantum-local.conf does not count"
runs() { # a build a role, as `quantumctl status --json` prints them
  printf '{\n  "roles": [\n'; printf '    {\n      "git": "%s",\n      "restarts": 0\n    },\n' "$@"; printf '  ]\n}\n'
}
runs aaa aaa bbb >/run/status
install "$first/install.sh" && broken "installed while a role runs another build"
grep -q 'roles run different builds: aaa bbb' /run/log || broken "it does not say which"
runs aaa aaa >/run/status
install "$first/install.sh" || broken "roles that run one build"
ok "a role that still runs another build fails the installation, with both named"
ok "an empty credential is made anew, quantum-local.conf counts and stays"

mend=$(sed -n '/^### QuantumRedisMemoryHigh/,/^### QuantumDrillFailed/s/^`\(echo [^`]*\)`.*/\1/p' "$first/docs/operations.md")
sh -c "$mend" || broken "what the manual says of a full Redis fails: $mend"
[ "$(redis CONFIG GET maxmemory | tail -1)" = 1073741824 ] || broken "what the manual says of a full Redis changes nothing: $mend"
ok "what the manual says of a full Redis works: $mend"

users=$(sha256sum </etc/redis/quantum-users.acl)
release users
echo 'user default on +nosuchcommand' >>/run/users/systemd/redis/quantum-users.acl.template
named /run/users quantum-users
install /run/users/install.sh && broken "installed with users that Redis refuses"
[ "$users" = "$(sha256sum </etc/redis/quantum-users.acl)" ] || broken "the refused users stay in the file"
release settings
echo 'nonsense yes' >>/run/settings/systemd/redis/quantum.conf
named /run/settings quantum-settings
install /run/settings/install.sh && broken "installed with settings that Redis refuses"
[ "$(redis PING)" = PONG ] || broken "Redis is down"
expect_links "Redis refuses" "releases/quantum-first  "
ok "users and settings that Redis refuses: what was there before is put back, Redis runs"

release next
next=/run/next
echo '# differs' >>$next/systemd/quantum-execution.service
echo differs >>$next/bin/quantum-exit-brain
echo 'user of-the-next on @PASSWORD@ resetchannels -@all +ping' >>$next/systemd/redis/quantum-users.acl.template
rm $next/systemd/quantum-ai-strategy-router.service.d/20-core-kernel.conf
printf '[Service]\n' | tee $next/systemd/quantum-execution.service.d/30-next.conf >/etc/systemd/system/quantum-execution.service.d/50-mine.conf
printf '[Timer]\n' >$next/systemd/quantum-next.timer
named $next quantum-next
mkdir -p /opt/quantum/releases/quantum-older
cut_short quantum-execution KILL $next/install.sh
expect_links "killed" "releases/quantum-next releases/quantum-first releases/quantum-first"
echo damaged >/opt/quantum/releases/quantum-next/README.md
mkdir -p /opt/quantum/releases/quantum-next.part/bin
install $next/install.sh || broken "it does not go on"
expect_links "gone on with" "releases/quantum-next releases/quantum-first "
(cd /opt/quantum/current && sha256sum --quiet -c SHA256SUMS) || broken "the damaged copy stays"
[ "$(echo /opt/quantum/releases/*)" = "/opt/quantum/releases/quantum-first /opt/quantum/releases/quantum-next" ] ||
  broken "releases kept: $(ls /opt/quantum/releases)"
expect_units "gone on with" $next
redis ACL LIST | grep -q 'user of-the-next ' || broken "the new user is missing"
ok "an upgrade killed in its middle, its copy damaged: the next run finishes it and removes what is old"

cut_short quantum-exit-brain TERM /opt/quantum/current/install.sh --rollback
grep -q 'cut short' /run/log || broken "it does not say that it was cut short"
expect_links "rollback ended" "releases/quantum-first releases/quantum-first releases/quantum-next"
install /opt/quantum/current/install.sh --rollback || broken "--rollback does not go on"
expect_links "rolled back" "releases/quantum-first releases/quantum-next "
expect_units "rolled back" "$first"
redis ACL LIST | grep -q 'user of-the-next ' && broken "the user of the next release stays"
cut_short quantum-execution KILL $next/install.sh
install /opt/quantum/current/install.sh --rollback || broken "--rollback of what was killed"
expect_links "rolled back after a kill" "releases/quantum-first releases/quantum-next "
ok "a rollback ended in its middle is gone on with; an upgrade killed in its middle can be rolled back; users, units and drop-ins follow"

cp -p /etc/redis/quantum-users.acl /run/users.acl
sed -i '/^user risk-kernel /d' /etc/redis/quantum-users.acl
systemctl restart redis-server
cp -p /run/users.acl /etc/redis/quantum-users.acl
ln -sfn releases/quantum-first /opt/quantum/unfinished
install "$first/install.sh" || broken "it does not go on"
redis ACL LIST | grep -q '^user risk-kernel ' || broken "Redis has not read its users"
ok "an installation ended between Redis' files and its restart: the next run has them read"

touch /run/no-library
install $next/install.sh && broken "installed without its functions"
rm /run/no-library
release dead
sed -i 's#^ExecStart=.*#ExecStart=/bin/false#' /run/dead/systemd/quantum-audit-logger.service
named /run/dead quantum-dead
QUANTUM_READY_SEC=5 install /run/dead/install.sh && broken "installed a unit that does not start"
for unit in "$first"/systemd/quantum-*.service; do
  case $unit in *recover* | *@*) continue ;; esac
  systemctl is-active "$(basename "$unit")" || broken "$(basename "$unit") is down"
done
[ "$(readlink /opt/quantum/current)" = releases/quantum-first ] || broken "$(links)"
ok "a unit that does not start takes everything back"

sed -i 's/^TRADING_MODE=PAPER/TRADING_MODE="PAPER"/' /etc/quantum/quantum.env
rm /etc/quantum/credentials/binance-api-key
install "$first/install.sh" || broken "TRADING_MODE in quotes is not read"
sed -i 's/^TRADING_MODE=.*/TRADING_MODE=TESTNET/' /etc/quantum/quantum.env
install "$first/install.sh" && broken "TESTNET with the simulated venue's keys"
grep -q "still the simulated venue's" /run/log || broken "it does not say why"
ok "a mode in quotes is read; TESTNET with the keys of PAPER is refused: $(tail -1 /run/log)"

uninstall=/opt/quantum/current/install.sh
refused() { # what the venue says, words of the refusal
  printf '%s' "$1" >/run/venue
  install $uninstall --uninstall && broken "removed although the venue says: $1"
  grep -q "$2" /run/log || broken "it does not say why"
}
refused '' 'nobody knows'
refused '{"venue_positions": null, "roles": []}' 'nobody knows'
refused '{"venue_positions": "no answer to \"venue_positions\":[]"}' 'nobody knows'
refused '{"venue_positions": [{"symbol": "ETHUSDT"}]}' 'positions are open'
printf '{\n  "venue_positions": []\n}\n' >/run/venue
install $uninstall --uninstall || broken "--uninstall"
left=$(find /opt/quantum /etc/systemd/system -path '*quantum*' 2>/dev/null | sort | xargs)
own=/etc/systemd/system/quantum-execution.service.d
[ "$left" = "$own $own/50-mine.conf" ] || broken "it left $left"
ok "--uninstall: only when the venue lists nothing; no answer is not nothing; the operator's own drop-in stays"

redis-cli PING 2>&1 | grep -q NOAUTH || broken "the default user is on"
mend=$(sed -n 's/.*its default user is still off.*again: //p' /run/log)
[ -n "$mend" ] || broken "--uninstall does not say that the default user stays off"
sh -c "$mend" || broken "what it says to do fails: $mend"
[ "$(redis-cli GET somebody:key)" = kept ] || broken "the default user is not on, or what Redis held is gone"
ok "--uninstall says that Redis' default user is off, and what it says lets it in again"

if command -v prometheus >/dev/null && command -v prometheus-alertmanager >/dev/null; then
  monitoring=/run/monitoring
  mkdir $monitoring
  cp -r "$first/telemetry" /mnt/project/scripts/install-monitoring.sh $monitoring
  sed 's/command -v prometheus >/command -v not-yet >/' $monitoring/install-monitoring.sh >$monitoring/alertmanager-alone.sh
  defaults() { cat /etc/default/prometheus /etc/default/prometheus-alertmanager; }
  before=$(defaults)
  for part in alertmanager-alone.sh install-monitoring.sh 'install-monitoring.sh --remove'; do
    # shellcheck disable=SC2086
    QUANTUM_BASE=$monitoring install sh $monitoring/$part || broken "$part"
  done
  [ "$(defaults)" = "$before" ] || broken "--remove of the monitoring leaves $(defaults | grep ARGS)"
  ok "Prometheus set up after Alertmanager: --remove puts back what the packages brought of both"
fi

for pid in /run/pids/*; do kill "$(cat "$pid")" 2>/dev/null; done
exit 0
