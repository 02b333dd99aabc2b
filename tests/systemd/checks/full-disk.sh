# Redis on a disk that is full for longer than systemd's own start limit allows. Sourced by first-boot.sh.
redis_folder() { # what to do in between: changes what lies under Redis' data, which stays
  systemctl stop redis-server.service
  rm -rf /run/redis-data
  cp -a /var/lib/redis /run/redis-data
  "$@"
  cp -a /run/redis-data/. /var/lib/redis
  systemctl start redis-server.service || broken "Redis does not start: $(journalctl --no-pager -o cat -n 5 -u redis-server)"
}
redis_folder mount -t tmpfs -o size=48m tmpfs /var/lib/redis
redis SET quantum:test:kept 'before the disk was full' >/dev/null
redis_restarts() { systemctl show -p NRestarts --value redis-server.service; }
before=$(redis_restarts)
dd if=/dev/zero of=/var/lib/redis/full bs=64k 2>/dev/null
# More than a page, which is there already.
died() { head -c 8192 /dev/zero | redis -x SET quantum:test:much; [ $(($(redis_restarts) - before)) -gt 6 ]; }
within 30 "the disk is full: Redis has ended more often than five times" died
rm /var/lib/redis/full
answers() { [ "$(redis PING)" = PONG ]; }
within 10 "the disk has space again: Redis is there by itself" answers
expect "and has what it acknowledged" "before the disk was full" "$(redis GET quantum:test:kept)"
redis DEL quantum:test:kept quantum:test:much >/dev/null
redis_folder umount /var/lib/redis
for unit in $units; do within 20 "Redis is back: $unit is active" active "$unit"; done
# A Redis that comes and goes may look like a dead exit brain: then trading has been halted.
settled() { curl -s http://127.0.0.1:9103/v1/watch | grep -q 'HEALTHY\|HALTED'; }
within 30 "the watchdog has made up its mind" settled
[ ! -e /run/quantum/halted ] || clear_halt
within 15 "the watchdog is HEALTHY after the full disk" sh -c 'curl -s http://127.0.0.1:9103/v1/watch | grep -q HEALTHY'
