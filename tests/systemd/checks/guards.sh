# The last line of defence under systemd. Sourced by first-boot.sh, with positions open.
within 15 "the watchdog is HEALTHY" sh -c 'curl -s http://127.0.0.1:9103/v1/watch | grep -q HEALTHY'
within 5 "positions are open" has_positions
was=$(main_pid exit-brain)
kill -STOP "$was"
within 6 "exit brain SIGSTOPped with positions: a panic" sh -c '[ "$(stat -c %Y /run/quantum/halted 2>/dev/null)" ]'
flat() { redis XRANGE system:panic_close:completed - + | grep -q flat; }
within 10 "it ends flat and halted" flat
within 6 "systemd has put a living exit brain in its place" restarted exit-brain "$was"
clear_halt
within 15 "the watchdog is HEALTHY again" sh -c 'curl -s http://127.0.0.1:9103/v1/watch | grep -q HEALTHY'
was=$(main_pid exit-brain)
kill -STOP "$was"
another() { local now; now=$(main_pid "$1"); [ "$now" != 0 ] && [ "$now" != "$2" ]; }
within 4 "exit brain SIGSTOPped without positions: killed and started again within WatchdogSec + 1 s" another exit-brain "$was"
within 5 "and ready" restarted exit-brain "$was"
said exit-brain 'Watchdog timeout' || broken "the journal does not say why it was killed"
expect "panics, of the first alone" 1 "$(panics)"

# A panic that the venue refuses for good.
decide third BTCUSDT
within 10 "a position is open" has_positions
venue_admin POST credentials '{"forbidden":true}' || broken "the venue's fault"
quantumctl panic --reason 'tried in a test' --yes >/run/panic.log 2>&1 &
within 30 "credentials refused: the worker has failed" sh -c 'systemctl is-failed --quiet quantum-emergency-exit-worker'
expect "its exit status" 76 "$(prop emergency-exit-worker ExecMainStatus)"
sleep 3
expect "three seconds later it is" failed "$(prop emergency-exit-worker ActiveState)"
within 10 "a line of priority alert says so" \
  sh -c 'journalctl -p alert --no-pager -o cat -t sh | grep -q "quantum-emergency-exit-worker.service has failed.*positions are OPEN"'
metric() { curl -s http://127.0.0.1:9105/metrics | grep -E "^$1" | head -1; }
within 20 "the exporter: a panic is open" sh -c 'curl -s http://127.0.0.1:9105/metrics | grep -qE "^quantum_panic_open_age_seconds [1-9]"'
printf '      %s\n' "$(metric quantum_panic_open_age_seconds)" "$(metric 'quantum_role_up.role="emergency-exit-worker"')"
venue_admin POST credentials '{"forbidden":false}'
systemctl start quantum-emergency-exit-worker || broken "the worker does not start again"
within 20 "keys in place, unit started: the same panic ends flat" \
  sh -c 'curl -s http://127.0.0.1:9105/metrics | grep -qE "^quantum_panic_open_age_seconds 0"'
wait
clear_halt
was=$(main_pid emergency-exit-worker)
kill -SEGV "$was"
within 5 "any other end of the worker is a restart" restarted emergency-exit-worker "$was"

systemctl stop quantum.target
expect "quantum.target stopped: worker and watchdog are" "active active" \
  "$(prop emergency-exit-worker ActiveState) $(prop exit-brain-watchdog ActiveState)"
expect "the trading path is" "inactive inactive inactive" \
  "$(prop ai-strategy-router ActiveState) $(prop execution ActiveState) $(prop exit-brain ActiveState)"
within 15 "the watchdog halts, since nobody beats" test -e /run/quantum/halted
systemctl start quantum.target
for unit in $units; do within 20 "quantum.target started: $unit is active" active "$unit"; done
clear_halt

# The monthly drill, as the operators' manual has it: it opens a position, has it closed, and clears the halt.
drill() { # kind
  quantumctl drill --kind "$1" --yes >/run/drill.log 2>&1 || broken "quantumctl drill --kind $1: $(cat /run/drill.log)"
  grep -q 'passed' /run/drill.log || broken "the drill does not say that it passed: $(cat /run/drill.log)"
  expect "drill of kind $1: written down as" "$1 flat" \
    "$(redis HGET quantum:drill:last kind) $(redis XREVRANGE system:panic_close:completed + - COUNT 1 | grep -A1 '^status$' | tail -1)"
  [ -e /run/quantum/halted ] && broken "the halt file is still there after a drill"
  expect "and trading is halted" false "$(redis HGET system:state:trading halted)"
}
within 15 "the watchdog is HEALTHY before the drills" sh -c 'curl -s http://127.0.0.1:9103/v1/watch | grep -q HEALTHY'
was=$(main_pid exit-brain)
before=$(panics)
drill panic
expect "the exit brain is the same process" "$was" "$(main_pid exit-brain)"
within 15 "the watchdog is HEALTHY after it" sh -c 'curl -s http://127.0.0.1:9103/v1/watch | grep -q HEALTHY'
drill brain
within 6 "systemd has put a living exit brain in the frozen one's place" restarted exit-brain "$was"
expect "panics, one a drill" 2 $(($(panics) - before))
within 15 "the watchdog is HEALTHY in the end" sh -c 'curl -s http://127.0.0.1:9103/v1/watch | grep -q HEALTHY'
