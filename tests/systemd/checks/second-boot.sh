#!/bin/bash
# The same machine after a power cut, at first without Redis; then every role is killed in turn under load.
here=$(dirname "$0")
. "$here/common.sh"

# What a boot would start: nobody helps.
mapfile -t wanted < <(find /etc/systemd/system/{multi-user,timers}.target.wants -name 'quantum*' -printf '%f\n' | sort -u)
systemctl start --no-block "${wanted[@]}"
ok "a boot starts ${wanted[*]}"
systemctl is-active --quiet redis-server && broken "Redis is there already"
expect "/run/quantum is there again, of" "qt 770" "$(stat -c '%U %a' /run/quantum)"
waits() { prop "$1" StatusText | grep -qi 'redis'; }
for unit in ai-strategy-router execution exit-brain exit-brain-watchdog emergency-exit-worker audit-logger safety-telemetry; do
  within 10 "without Redis $unit waits for it" waits "$unit"
done
systemctl start redis-server.service
for unit in $units; do within 15 "Redis came: $unit is ready by itself" active "$unit"; done
restarts() { for unit in $units; do prop "$unit" NRestarts; done | awk '{ sum += $1 } END { print sum }'; }
expect "restarts of all of them meanwhile" 0 "$(restarts)"
expect "the kill switch after the power cut" 0 "$(redis GET quantum:kill)"
within 15 "the watchdog is HEALTHY" sh -c 'curl -s http://127.0.0.1:9103/v1/watch | grep -q HEALTHY'

begin_load reboot
within 20 "positions are open" has_positions
for unit in ai-strategy-router execution exit-brain exit-brain-watchdog emergency-exit-worker safety-telemetry audit-logger; do
  was=$(main_pid "$unit")
  kill -9 "$was"
  within 5 "$unit killed -9 under load is ready again" restarted "$unit" "$was"
done
running() { [ "$(main_pid stream-recover)" != 0 ]; }
systemctl start --no-block quantum-stream-recover.service
until running; do :; done
kill -9 "$(main_pid stream-recover)"
within 5 "the stream recovery killed -9 has failed" systemctl is-failed --quiet quantum-stream-recover
within 10 "and that is an alarm" \
  sh -c 'journalctl -p alert --no-pager -o cat -t sh | grep -q "quantum-stream-recover.service has failed"'
within 5 "its next run succeeds" systemctl start quantum-stream-recover.service
end_load

# The timer fires 30 s after the boot.
# The realtime of the last trigger survives a boot; the monotonic one does not.
fired() { [ "$(systemctl show -p LastTriggerUSecMonotonic --value quantum-stream-recover.timer)" != 0 ]; }
within 45 "the timer has fired" fired
within 20 "and its run is over" sh -c '! systemctl is-active --quiet quantum-stream-recover && [ "$(systemctl show -p MainPID --value quantum-stream-recover)" = 0 ]'
expect "it ended" success "$(prop stream-recover Result)"
journalctl --no-pager -o cat "_SYSTEMD_INVOCATION_ID=$(prop stream-recover InvocationID)" | cut -c1-330 | sed 's/^/      /'

# Removal: not with positions open; settings, credentials and state stay.
within 5 "positions are open" has_positions
/opt/quantum/current/install.sh --uninstall >/run/uninstall.log 2>&1 && broken "removed with positions open"
grep -q 'positions are open' /run/uninstall.log || broken "it does not say why: $(cat /run/uninstall.log)"
ok "--uninstall: $(tail -1 /run/uninstall.log)"
quantumctl panic --reason 'removal' --yes >/run/panic.log 2>&1 || broken "panic: $(cat /run/panic.log)"
systemctl stop redis-server.service
/opt/quantum/current/install.sh --uninstall >/run/uninstall.log 2>&1 && broken "removed although nobody knows whether positions are open"
grep -q 'nobody knows' /run/uninstall.log || broken "it does not say why: $(cat /run/uninstall.log)"
ok "--uninstall without Redis: $(tail -1 /run/uninstall.log)"
systemctl start redis-server.service
/opt/quantum/current/install.sh --uninstall >/run/uninstall.log 2>&1 || broken "--uninstall: $(cat /run/uninstall.log)"
left=$(find /opt/quantum /etc/systemd/system -name '*quantum*' 2>/dev/null; systemctl list-units --no-legend --state=active 'quantum*')
[ -z "$left" ] || broken "left behind: $left"
[ -s /etc/quantum/quantum.env ] && [ -s /etc/quantum/credentials/redis-url-execution ] || broken "the settings are gone"
ok "flat: removed, settings and credentials are kept"
printf 'ok           the second boot is done\n'
