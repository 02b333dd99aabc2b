# From the release to running units. Sourced by first-boot.sh.
cd /mnt/release || broken "no release"
./install.sh --dry-run >/dev/null || broken "install.sh --dry-run"
[ -e /opt/quantum ] && broken "a dry run made /opt/quantum"
ok "a dry run changes nothing"
mv /etc/redis /etc/redis.away
./install.sh >/run/install.log 2>&1 && broken "installed without Redis and without its URLs"
grep -q 'Missing:.* redis-url-execution' /run/install.log || broken "it does not say what is missing: $(cat /run/install.log)"
[ -e /opt/quantum ] || [ -e /etc/sysusers.d/quantum.conf ] && broken "it changed something before"
mv /etc/redis.away /etc/redis
ok "no Redis here and no URL of another: refused before anything is changed, with words"

# An operator's own settings, before the first installation.
# As a hardened machine has it.
umask 027
install -d -m 0750 /etc/quantum
printf '%s\n' PAPER_BALANCE_USD=10000000 PAPER_SEED=1 PAPER_ORDER_LIMIT_10S=100000 PAPER_ORDER_LIMIT_1M=100000 PAPER_WEIGHT_LIMIT_1M=1000000 >/etc/quantum/quantum-paper-exchange.env
printf 'SAMPLE_INTERVAL_SEC=1\n' >/etc/quantum/quantum-safety-telemetry.env
printf 'maxmemory 600mb\n' >/etc/redis/quantum-local.conf
chown root:redis /etc/redis/quantum-local.conf
# As a full disk leaves it.
install -d -m 0700 /etc/quantum/credentials
: >/etc/quantum/credentials/redis-url-execution
QUANTUM_READY_SEC=$(stretch 60) ./install.sh >/run/install.log 2>&1 || { cat /run/install.log; broken "install.sh"; }
for unit in $units; do active "$unit" || broken "quantum-$unit is not active"; done
expect "the alias quantum-router is" active "$(systemctl is-active quantum-router.service)"
ok "install: every unit is active"
grep -q 10000000 /etc/quantum/quantum-paper-exchange.env || broken "install.sh overwrites settings"
[ -s /etc/quantum/credentials/redis-url-execution ] || broken "an empty credential is kept"
sed -i 's/^TRADING_MODE=PAPER$/TRADING_MODE="PAPER"/' /etc/quantum/quantum.env
rm /etc/quantum/credentials/binance-api-key
./install.sh >/run/again.log 2>&1 || broken "install.sh again, TRADING_MODE in quotes: $(cat /run/again.log)"
[ -s /etc/quantum/credentials/binance-api-key ] || broken "a quoted mode is not read"
grep -q 'restarting' /run/again.log && broken "a second run restarts something"
ok "a second run restarts nothing; settings of the operator are kept"
redis_has() { redis CONFIG GET "$1" | tail -1; }
expect "Redis: maxmemory of quantum-local.conf, snapshots, writes after a failed one" "629145600  no" \
  "$(redis_has maxmemory) $(redis_has save) $(redis_has stop-writes-on-bgsave-error)"
expect "modes of /etc/quantum, its files, its credentials" "750 640 700 600" \
  "$(stat -c %a /etc/quantum /etc/quantum/quantum.env /etc/quantum/credentials /etc/quantum/credentials/redis-url-execution | tr '\n' ' ' | sed 's/ $//')"

for file in /etc/systemd/system/quantum*.service /etc/systemd/system/quantum*.timer /etc/systemd/system/quantum.target; do
  complaint=$(systemd-analyze verify --man=no "$file" 2>&1)
  [ -z "$complaint" ] || broken "systemd-analyze verify $file: $complaint"
done
ok "systemd-analyze verify is silent"
for file in /etc/systemd/system/quantum-*.service; do
  name=$(basename "$file")
  score=$(systemd-analyze security --no-pager "${name/@./@a.}" 2>/dev/null | sed -n 's/.*exposure level for [^:]*: \([0-9.]*\).*/\1/p')
  awk -v score="$score" 'BEGIN { exit !(score != "" && score <= 2.0) }' || broken "$name has exposure $score"
  scores="${scores:-} ${name%.service} $score,"
done
ok "exposure:${scores%,}"

quantumctl arm --yes >/dev/null || broken "arm"
decide first ETHUSDT
within 10 "a decision becomes a result" has_result first
redis XREVRANGE quantum:stream:execution.result + - COUNT 1 | grep -q filled || broken "the result is not a fill"
ok "its order filled"
