# Prometheus and Alertmanager of this machine, set up by install.sh. Sourced by first-boot.sh.
if ! command -v prometheus >/dev/null || ! command -v prometheus-alertmanager >/dev/null; then
  prometheus_watches() { :; }
  ok "no Prometheus and Alertmanager on this machine: install.sh leaves the monitoring out"
  return 0
fi
monitoring=/opt/quantum/current/install-monitoring.sh
grep -q 'quantum_safety_telemetry' /etc/prometheus/prometheus.yml || broken "the scrape job is missing: $(cat /run/install.log)"
[ -e /etc/prometheus/prometheus.yml.before-quantum ] || broken "the package's file is not kept"
expect "rule files" "$(ls /mnt/release/telemetry/prometheus/quantum-*.yml | wc -l)" "$(ls /etc/prometheus/rules/quantum-*.yml | wc -l)"
printf '1234:abc\n' >/etc/quantum/credentials/alerts/telegram-bot-token
printf '42\n' >/etc/quantum/credentials/alerts/telegram-chat-id
$monitoring >/run/monitoring.log || broken "install-monitoring.sh: $(cat /run/monitoring.log)"
expect "alert routes rendered from the credentials for two receivers, of" "640 prometheus 2" \
  "$(stat -c '%a %G' /etc/prometheus/alertmanager.yml) $(grep -c 'bot_token: "1234:abc"' /etc/prometheus/alertmanager.yml)"
printf '# mine\n' >>/etc/prometheus/rules/quantum-safety.yml
sed -i '1s/^/# of the next release\n/' /opt/quantum/current/telemetry/prometheus/quantum-safety.yml
$monitoring >/run/monitoring.log || broken "install-monitoring.sh: $(cat /run/monitoring.log)"
grep -q '^# mine' /etc/prometheus/rules/quantum-safety.yml || broken "a changed rule file is overwritten"
[ -e /etc/prometheus/rules/quantum-safety.yml.quantum-new ] || broken "ours is not put beside it"
ok "a file that somebody changed is kept, ours lies beside it: $(grep -c kept /run/monitoring.log) said"
sed -i 1d /opt/quantum/current/telemetry/prometheus/quantum-safety.yml
cp /opt/quantum/current/telemetry/prometheus/quantum-safety.yml /etc/prometheus/rules/
systemctl start prometheus-alertmanager.service prometheus.service || broken "they do not start"
asked() { curl -sG http://127.0.0.1:9091/api/v1/query --data-urlencode "query=$1" | grep -o '"value":\[[^]]*\]' | sed 's/.*,"\(.*\)"\]/\1/'; }
# Fifteen seconds between two scrapes: looked at when other things have been done.
prometheus_watches() {
  within 40 "Prometheus on 9091 reaches the exporter and the six roles" scrapes
  expect "alerts it evaluates" "$(cat /etc/prometheus/rules/quantum-*.yml | grep -c '^ *- alert:')" \
    "$(curl -s http://127.0.0.1:9091/api/v1/rules | grep -o '"type":"alerting"' | wc -l)"
}
scrapes() { [ "$(asked 'count(up{job=~"quantum_.*"} == 1)')" = 7 ]; }
