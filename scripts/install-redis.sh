#!/bin/sh
# The Redis part of install.sh, which reads this file: settings and users of a Redis on this machine.
#
# 1. Redis gets all of a release's settings and users, or keeps what it had, files included.
# 2. No user is ever made with an empty password.
# 3. What an operator wants otherwise stands in quantum-local.conf, which is read last and never written again.
# 4. What a server that ran before the first installation holds is there after it.
redis_etc=/etc/redis
# A dump of some gigabytes takes a minute or two.
rewrite_sec=${QUANTUM_REWRITE_SEC:-300}

redis_users_of() { # release folder
  sed -n 's/^user \([a-z-]*\) on .*/\1/p' "$1/systemd/redis/quantum-users.acl.template"
}
password_of() { # user
  sed -n 's#^rediss\{0,1\}://[^:]*:\([^@]*\)@.*#\1#p' "$etc/credentials/redis-url-$1"
}
# -e: a refused command is a failed one.
redis_cli() { REDISCLI_AUTH=$(password_of quantumctl) redis-cli -e --user quantumctl --no-auth-warning "$@"; }

# Before anything is changed: without Redis here every unit needs a credential that only the operator has.
check_redis() { # release folder
  [ ! -d "$redis_etc" ] || return 0
  missing=
  for user in $(redis_users_of "$1"); do
    # These two are other people's programs.
    case $user in ai-engine | risk-kernel) continue ;; esac
    [ -s "$etc/credentials/redis-url-$user" ] || missing="$missing redis-url-$user"
  done
  [ -z "$missing" ] || fail "no redis-server here. Install it; or, for a Redis elsewhere, put one URL a role into \
$etc/credentials first (docs/operations.md, \"A Redis elsewhere\"). Missing:$missing"
}

render_users() { # release folder, file to write
  namespace=$(setting QUANTUM_NAMESPACE | sed 's/[&/\\]/\\&/g')
  sed "s/@NAMESPACE@/$namespace/g" "$1/systemd/redis/quantum-users.acl.template" >"$2" || return 1
  for user in $(redis_users_of "$1"); do
    password=$(password_of "$user")
    [ -n "$password" ] || { say "$etc/credentials/redis-url-$user has no password in it: mend it, or delete it for a new one"; return 1; }
    hash=$(printf '%s' "$password" | sha256sum | cut -d' ' -f1)
    sed -i "s/^user $user on @PASSWORD@/user $user on #$hash/" "$2" || return 1
  done
}

stage_redis() { # release folder, folder for the three files
  render_users "$1" "$2/quantum-users.acl" && cp "$1/systemd/redis/quantum.conf" "$2/quantum.conf" &&
    chown root:redis "$2/quantum-users.acl" "$2/quantum.conf" && chmod 0640 "$2/quantum-users.acl" "$2/quantum.conf" &&
    cp -p "$redis_etc/redis.conf" "$2/redis.conf" || return 1
  # In this order: the last one counts.
  for part in quantum quantum-local; do
    grep -q "^include $redis_etc/$part.conf" "$2/redis.conf" || printf '\ninclude %s/%s.conf\n' "$redis_etc" "$part" >>"$2/redis.conf" ||
      return 1
  done
}

# Copies the files named to /etc/redis, each in one step; one that is not in the folder is removed.
place_redis() { # folder files…
  from=$1
  shift
  for file in "$@"; do
    if [ -e "$from/$file" ]; then
      cp -p "$from/$file" "$redis_etc/$file.new" && mv "$redis_etc/$file.new" "$redis_etc/$file" || return 1
    else
      rm -f "$redis_etc/$file" || return 1
    fi
  done
}

# A fact of INFO as whoever may ask before the first installation: the default user, or REDISCLI_AUTH's password.
redis_says() { # section fact
  redis-cli -e INFO "$1" 2>/dev/null | tr -d '\r' | sed -n "s/^$2:\(.*\)/\1/p"
}

redis_answers() { # a refusal is an answer
  case $(redis-cli PING 2>&1) in 'Could not connect'* | LOADING*) return 1 ;; esac
}
file_is_whole() {
  [ "$(redis_says persistence aof_enabled)" = 1 ] && [ "$(redis_says persistence aof_rewrite_in_progress)" = 0 ] &&
    [ "$(redis_says persistence aof_rewrite_scheduled)" = 0 ] && [ "$(redis_says persistence aof_last_bgrewrite_status)" = ok ]
}

# A Redis that starts with the append-only file on reads nothing else: what a server without one holds, other programs'
# keys among it, has to be in such a file before the restart.
keep_keys() {
  # Installed before (redis.conf is placed last): its file is its record, whether it runs or not.
  ! grep -q "^include $redis_etc/quantum.conf" "$redis_etc/redis.conf" || return 0
  redis_answers || systemctl start redis-server.service 2>/dev/null || true
  tried=0
  until redis_answers || [ "$tried" -ge "$wait_sec" ]; do
    tried=$((tried + 1))
    sleep 1
  done
  enabled=$(redis_says persistence aof_enabled)
  [ "$enabled" != 1 ] || return 0
  if [ "$enabled" != 0 ]; then
    say "nobody can ask the Redis on this machine what it holds ($(redis-cli PING 2>&1 | head -n 1)), and without its answer this \
could empty it. Start it; if its default user has a password, run this again with REDISCLI_AUTH=<password>"
    return 1
  fi
  held=$(redis-cli -e INFO keyspace | grep -c '^db')
  [ "$held" -gt 0 ] || return 0
  say "Redis: writing what it holds to an append-only file, before it is restarted with one"
  tried=0
  if redis-cli -e CONFIG SET appendonly yes >/dev/null 2>&1; then
    until file_is_whole || [ "$tried" -ge "$rewrite_sec" ]; do
      tried=$((tried + 1))
      sleep 1
    done
    file_is_whole && return 0
    redis-cli -e CONFIG SET appendonly no >/dev/null 2>&1 || true
  fi
  say "Redis holds keys that this restart would lose: its append-only file is off and could not be written within $rewrite_sec s (disk, \
memory to fork, or CONFIG SET refused). See its log; redis-cli CONFIG SET appendonly yes until INFO persistence says \
aof_rewrite_in_progress:0 and aof_last_bgrewrite_status:ok, then run this again"
  return 1
}

apply_redis() { # users or restart
  if [ "$1" = users ]; then redis_cli ACL LOAD >/dev/null; return; fi
  # It restarts by itself: a few failures in a row, and systemd would refuse this one.
  systemctl reset-failed redis-server.service 2>/dev/null || true
  systemctl restart redis-server.service && redis_cli PING >/dev/null
}

swap_redis() { # folder with new/ and an empty old/
  changed= how=users
  for file in quantum-users.acl quantum.conf redis.conf; do
    cmp -s "$1/new/$file" "$redis_etc/$file" && continue
    [ "$file" = quantum-users.acl ] || how=restart
    [ ! -e "$redis_etc/$file" ] || cp -p "$redis_etc/$file" "$1/old/$file" || return 1
    changed="$changed $file"
  done
  # Nobody knows what runs: files that are the same may not have been read yet.
  [ -n "$runs" ] || how=restart
  [ "$changed$how" != users ] || return 0
  # Who cannot speak to Redis cannot tell it to read its users.
  redis_cli PING >/dev/null 2>&1 || how=restart
  if [ "$how" = users ]; then say "Redis: new users"; else say "Redis: new configuration, restarting it"; fi
  [ "$how" = users ] || keep_keys || return 1
  # shellcheck disable=SC2086
  place_redis "$1/new" $changed && apply_redis "$how" && return 0
  say "Redis does not take it: what was there before is put back"
  # shellcheck disable=SC2086
  place_redis "$1/old" $changed
  apply_redis "$how" || say "Redis does not come back: systemctl status redis-server"
  return 1
}

# One Redis user a role, each with a password of its own; the files are made anew from the release's, the passwords
# are those of the credentials.
set_up_redis() { # release folder
  [ -d "$redis_etc" ] || { say "no Redis on this machine: the redis-url-* credentials decide"; return 0; }
  for user in $(redis_users_of "$1"); do
    keep_secret "redis-url-$user" "redis://$user:$(secret)@127.0.0.1:6379" || return 1
  done
  [ "$dry" = 0 ] || { say "would render $redis_etc/quantum-users.acl"; return 0; }
  if [ ! -e "$redis_etc/quantum-local.conf" ]; then
    printf '# Your own Redis settings: read after quantum.conf, never overwritten.\n' >"$redis_etc/quantum-local.conf" &&
      chown root:redis "$redis_etc/quantum-local.conf" && chmod 0640 "$redis_etc/quantum-local.conf" || return 1
  fi
  staged=$(mktemp -d) && mkdir "$staged/new" "$staged/old" || return 1
  took=0
  stage_redis "$1" "$staged/new" && swap_redis "$staged" || took=1
  rm -rf "$staged"
  return "$took"
}
