# Upgrade, rollback and a release that does not start, while decisions keep coming. Sourced by first-boot.sh.
# The limits of the load; the file's other lines stay.
sed -i 's/^MIN_HOLD_SECONDS=300/MIN_HOLD_SECONDS=0/; s/^MAX_TRADES_10MIN=3/MAX_TRADES_10MIN=1000000/' /etc/quantum/core_gates.env
sed -i 's/^\(SAFETY_[A-Z]*_MAX_INTENTS_PER_WINDOW\)=.*/\1=1000/' /etc/quantum/core_safety.env
systemctl restart quantum-execution.service quantum-ai-strategy-router.service || broken "they do not start again"
within 15 "the watchdog is HEALTHY" sh -c 'curl -s http://127.0.0.1:9103/v1/watch | grep -q HEALTHY'

# The same binaries under another name: hard links, a gigabyte is not copied for it.
next=/opt/quantum-next
cp -rl "/opt/quantum/releases/$(basename "$(readlink /opt/quantum/current)")" "$next"
before=$(readlink /opt/quantum/current)
release_as() { # name, change of the units named after it
  local name=$1 change=$2 unit changed=./BUILD.json
  shift 2
  sed -i "s/\"name\":\"[^\"]*\"/\"name\":\"$name\"/" "$next/BUILD.json"
  for unit in "$@"; do
    sed -i "$change" "$next/systemd/quantum-$unit.service"
    changed="$changed ./systemd/quantum-$unit.service"
  done
  # shellcheck disable=SC2086
  (cd "$next" && { grep -vE " ($(tr ' ' '|' <<<"$changed"))\$" SHA256SUMS; sha256sum $changed; } >SHA256SUMS.new &&
    mv SHA256SUMS.new SHA256SUMS)
}
guards="ai-strategy-router execution exit-brain exit-brain-watchdog emergency-exit-worker"
# shellcheck disable=SC2086
release_as quantum-next '$a # a comment that differs' $guards

begin_load upgrade
within 20 "positions are open" has_positions
"$next/install.sh" >/run/upgrade.log 2>&1 || { cat /run/upgrade.log; broken "the upgrade"; }
for unit in $guards; do grep -q "quantum-$unit: restarting" /run/upgrade.log || broken "the upgrade does not restart $unit"; done
grep -q 'quantum-audit-logger: unchanged' /run/upgrade.log || broken "the upgrade restarts what is the same"
[ "$(readlink /opt/quantum/current)" = releases/quantum-next ] || broken "current points elsewhere"
ok "upgrade under load: what differs is restarted ($(grep -c ': restarting' /run/upgrade.log) units), what is the same is not"
/opt/quantum/current/install.sh --rollback >/run/rollback.log 2>&1 || { cat /run/rollback.log; broken "the rollback"; }
[ "$(readlink /opt/quantum/current)" = "$before" ] || broken "the rollback points elsewhere"
ok "rollback under load, in one step"
release_as quantum-broken 's#^ExecStart=/opt/quantum/current/bin/quantum-audit-logger#ExecStart=/bin/false#' audit-logger
QUANTUM_READY_SEC=5 "$next/install.sh" >/run/broken.log 2>&1 && broken "a release that does not start was installed"
[ "$(readlink /opt/quantum/current)" = "$before" ] || broken "the broken release stayed: $(tail -3 /run/broken.log)"
for unit in $units; do within 10 "a release that does not come up rolls itself back: $unit" active "$unit"; done
end_load
rm -rf "$next"
