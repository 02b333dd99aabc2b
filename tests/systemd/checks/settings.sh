# What the environment files do. Sourced by first-boot.sh.
gates=$(curl -s http://127.0.0.1:8002/config)
while read -r name value; do
  grep -q "\"$name\":\"\?$value\"\?[,}]" <<<"$gates" || broken "$name is not $value: $gates"
  shown="${shown:-} $name=$value"
done <<'VALUES'
MIN_NOTIONAL_USD 25
EDGE_MULTIPLIER 3\(\.0\)\?
MIN_HOLD_SECONDS 300
MAX_TRADES_10MIN 3
MIN_R_TREND 2.5
MIN_R_RANGE 1.8
STALE_IDLE_MS 60000
VALUES
grep -q '^MAX_TRADES_10MIN=3 .*#' /etc/quantum/core_gates.env || broken "core_gates.env has no comments on its lines"
ok "core_gates.env with comments behind the values loads as meant:${shown//\\(\\.0\\)\\?/}"
# Of two files the later one counts.
for unit in execution ai-strategy-router stream-recover; do
  expect "$unit: the file that counts" "/etc/quantum/quantum-$unit.env (ignore_errors=yes)" "$(prop "$unit" EnvironmentFiles | tail -1)"
done

# A bad file: 78, the reason in words, no loop, an alarm.
printf 'TRADING_MODE=PAPRE\n' >/etc/quantum/quantum-execution.env
systemctl restart quantum-execution.service 2>/dev/null
expect "a bad setting: exit status" 78 "$(prop execution ExecMainStatus)"
reason=$(systemctl status --no-pager quantum-execution 2>/dev/null | grep -o 'TRADING_MODE.*' | head -1)
[ -n "$reason" ] || broken "status does not show the reason"
ok "systemctl status says: $reason"
within 10 "a line of priority alert says that it stays down" \
  sh -c 'journalctl -p alert --no-pager -o cat -t sh | grep -q "quantum-execution.service has failed and stays down: its configuration"'
if command -v prometheus-alertmanager >/dev/null; then
  within 10 "and Alertmanager has the alert" \
    sh -c 'curl -s http://127.0.0.1:9093/api/v2/alerts | grep -q "QuantumUnitFailed.*quantum-execution.service"'
fi
sleep 4
expect "four seconds later it is" failed "$(prop execution ActiveState)"
expect "restarts of it" 0 "$(prop execution NRestarts)"

# LIVE: the recovery before it refuses, execution itself goes on to its first request, which cannot leave.
redis DEL quantum:mode quantum:mode:account >/dev/null
printf 'TRADING_MODE=LIVE\n' >/etc/quantum/quantum-execution.env
systemctl restart quantum-execution.service 2>/dev/null
expect "LIVE with the simulated venue's keys: exit status" 78 "$(prop execution ExecMainStatus)"
ok "systemctl status says: $(systemctl status --no-pager quantum-execution 2>/dev/null | grep -o 'BINANCE_API_KEY.*' | head -1)"
for key in binance-api-key binance-api-secret; do printf 'not-an-account\n' >"/etc/quantum/credentials/$key"; done
systemctl restart --no-block quantum-execution.service
within 10 "LIVE: the recovery before it does nothing" said execution 'LIVE: nothing is claimed'
within 15 "LIVE: execution starts all the same and waits for the venue" \
  sh -c 'systemctl show -p StatusText --value quantum-execution | grep -qi "venue\|exchange"'
journalctl --no-pager -o cat -u quantum-execution | grep -o 'LIVE: nothing is claimed[^"]*' | tail -1 | sed 's/^/      /'
printf '      status: %s, %s\n' "$(prop execution SubState)" "$(prop execution StatusText)"
rm /etc/quantum/quantum-execution.env
for key in binance-api-key binance-api-secret; do printf 'paper\n' >"/etc/quantum/credentials/$key"; done
systemctl restart quantum-execution.service || broken "it does not start again"

# Redis is away when it starts.
systemctl stop redis-server.service
systemctl restart --no-block quantum-execution.service
within 15 "Redis absent: execution starts although the recovery before it does nothing, and waits" \
  sh -c 'systemctl show -p StatusText --value quantum-execution | grep -qi redis'
printf '      status: %s, %s\n' "$(prop execution SubState)" "$(prop execution StatusText)"
systemctl start redis-server.service
for unit in $units; do within 20 "Redis is back: $unit is active" active "$unit"; done
