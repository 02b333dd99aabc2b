#!/bin/sh
# Says that a unit failed and stays down: quantum-alarm.sh UNIT. Run by quantum-alarm@.service.
set -eu
unit=$1
# systemd (251 and later) says why in the environment; no message bus is needed.
result=${MONITOR_SERVICE_RESULT:-unknown} status=${MONITOR_EXIT_STATUS:-unknown}
case $status in
76) why="the venue refuses the credentials for good and positions are OPEN: close them by hand" ;;
78) why="its configuration is wrong: systemctl status $unit lists every fault" ;;
*) why="result $result, status $status: journalctl -u $unit -n 50" ;;
esac
# <1> is the journal's priority "alert".
printf '<1>%s has failed and stays down: %s\n' "$unit" "$why"

command -v amtool >/dev/null 2>&1 || exit 0
# It ends by itself after Alertmanager's resolve_timeout; Prometheus' own alert stands as long as the unit is down.
amtool --alertmanager.url="${QUANTUM_ALERTMANAGER_URL:-http://127.0.0.1:9093}" alert add \
  alertname=QuantumUnitFailed severity=critical "unit=$unit" \
  --annotation="summary=$unit has failed and stays down" --annotation="description=$why" \
  --annotation="runbook=docs/operations.md#quantumunitfailed" 2>&1 ||
  echo "no Alertmanager was told"
