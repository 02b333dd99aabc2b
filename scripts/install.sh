#!/bin/sh
# Installs, upgrades, rolls back or removes the quantum kernel on a systemd machine. Run it as root from the
# unpacked release:
#
#   ./install.sh              install or upgrade; nothing happens twice
#   ./install.sh --dry-run    say what would be done
#   ./install.sh --rollback   back to the release before, in one step
#   ./install.sh --uninstall  stop and remove; configuration, credentials and state stay. Refused unless Redis and
#                             the venue say that nothing is open; --force removes all the same
#
# A run that was cut short (^C, power) is gone on with by the next one, or undone by --rollback.
# Exit: 0 done, 1 failed (an upgrade has been rolled back by then), 2 wrong usage.
set -eu
# What the units run must be readable for them, whatever root's own umask is.
umask 022

base=${QUANTUM_BASE:-/opt/quantum}
etc=/etc/quantum
units=/etc/systemd/system
command_link=/usr/local/bin/quantumctl
here=$(cd "$(dirname "$0")" && pwd)
dry=0
force=0
action=install
wait_sec=${QUANTUM_READY_SEC:-60}

for word in "$@"; do
  case $word in
  --dry-run) dry=1 ;;
  --rollback) action=rollback ;;
  --uninstall) action=uninstall ;;
  --force) force=1 ;;
  -h | --help) sed -n '2,12s/^# \{0,1\}//p' "$0"; exit 0 ;;
  *) echo "install.sh: $word is not known; see --help" >&2; exit 2 ;;
  esac
done

say() { printf '[install] %s\n' "$*"; }
fail() { printf '[install] %s\n' "$*" >&2; exit 1; }
# Runs a command, or only shows it.
act() {
  if [ "$dry" = 1 ]; then printf '[would] %s\n' "$*"; else "$@"; fi
}

[ "$(id -u)" = 0 ] || fail "needs root"
command -v systemctl >/dev/null 2>&1 || fail "needs systemd"

# The order of a restart: the simulated venue, who closes positions, then who watches, then who trades, so that every moment
# has someone who can end a position. Each is back before the next one goes.
order="quantum-paper-exchange quantum-emergency-exit-worker quantum-exit-brain-watchdog quantum-exit-brain
quantum-execution quantum-ai-strategy-router quantum-audit-logger quantum-safety-telemetry"

# The Redis part.
. "$here/install-redis.sh"

role_of() { printf '%s' "${1#quantum-}"; }
secret() { head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n'; }
# A value of quantum.env as systemd reads it: quoted or not.
setting() { sed -n "s/^[[:space:]]*$1=[\"']\{0,1\}\([^\"'#[:space:]]*\).*/\1/p" "$etc/quantum.env" 2>/dev/null | tail -n 1; }
mode() { setting TRADING_MODE; }
link_to() { readlink "$base/$1" 2>/dev/null || true; }
# In one step: a power cut leaves the old link or the new one.
make_link() { # name target
  act ln -sfn "$2" "$base/$1.new" && act mv -T "$base/$1.new" "$base/$1"
}

check_sums() {
  [ -f "$here/SHA256SUMS" ] || fail "no SHA256SUMS here: run install.sh from the unpacked release"
  # A gigabyte: on all cores.
  (cd "$here" && xargs -P "$(nproc)" -d '\n' -n 2 sh -c 'printf "%s\n" "$@" | sha256sum --quiet -c -' sh <SHA256SUMS) ||
    fail "the release is damaged: checksums differ"
}

make_accounts() {
  act install -D -m 0644 "$here/systemd/quantum.sysusers.conf" /etc/sysusers.d/quantum.conf
  act install -D -m 0644 "$here/systemd/quantum.tmpfiles.conf" /etc/tmpfiles.d/quantum.conf
  act systemd-sysusers /etc/sysusers.d/quantum.conf
  act systemd-tmpfiles --create /etc/tmpfiles.d/quantum.conf
}

# Never overwrites: what an operator wrote stays.
make_settings() {
  for example in "$here"/systemd/env/*.env.example; do
    target=$etc/$(basename "$example" .example)
    [ -e "$target" ] && continue
    say "new: $target"
    act install -m 0640 -o root -g qt "$example" "$target"
  done
}

# An empty file is none: an earlier run was cut short, or the disk was full.
keep_secret() { # name value
  [ -s "$etc/credentials/$1" ] && return 0
  say "new credential: $1"
  if [ "$dry" = 1 ]; then return 0; fi
  (umask 077 && printf '%s\n' "$2" >"$etc/credentials/.$1.new") && mv "$etc/credentials/.$1.new" "$etc/credentials/$1"
}

make_credentials() {
  for unit in $order quantum-stream-recover; do keep_secret "admin-token-$(role_of "$unit")" "$(secret)"; done
  if [ "$(mode)" = PAPER ] || { [ "$dry" = 1 ] && [ -z "$(mode)" ]; }; then
    keep_secret binance-api-key paper
    keep_secret binance-api-secret paper
  fi
  for key in binance-api-key binance-api-secret; do
    [ "$dry" = 1 ] || [ -s "$etc/credentials/$key" ] ||
      fail "TRADING_MODE is $(mode): put the account's $key into $etc/credentials/$key (0600 root) first"
    [ "$(mode)" = PAPER ] || [ "$(cat "$etc/credentials/$key" 2>/dev/null)" != paper ] ||
      fail "TRADING_MODE is $(mode) and $etc/credentials/$key is still the simulated venue's: put the account's own there"
  done
}

# Believed only when it is the release whose sums were just checked, byte for byte: a copy may have been cut short.
copy_release() { # name
  target=$base/releases/$1
  [ "$(realpath "$here")" = "$(realpath -m "$target")" ] && return 0
  if [ -d "$target" ]; then
    diff -rq "$here" "$target" >/dev/null 2>&1 && return 0
    say "$target is damaged or another build: copying it again"
  else
    say "copying the release to $target"
  fi
  act mkdir -p "$base/releases"
  act rm -rf "$target.part"
  act cp -R "$here" "$target.part"
  # It may have been unpacked under a narrower umask.
  act chmod -R u=rwX,go=rX "$target.part"
  # File by file: a sync of the whole disk would hold up Redis' own.
  [ "$dry" = 1 ] || { find "$target.part" -type f -exec sync {} + && diff -rq "$here" "$target.part"; } ||
    fail "the copy is damaged: look at the disk"
  act rm -rf "$target"
  act mv "$target.part" "$target"
}

# All but the one that runs and the one before it; each is a gigabyte.
prune_releases() {
  [ "$dry" = 0 ] || return 0
  for folder in "$base"/releases/*; do
    case releases/$(basename "$folder") in
    "$(link_to current)" | "$(link_to previous)") ;;
    *) rm -rf "$folder" ;;
    esac
  done
}

# What another release brought and this one has not: it would stay in force. An operator's own is in no release; what an
# operator changed is as in none.
remove_left_over() { # release folder
  for file in "$base"/releases/*/systemd/*.service "$base"/releases/*/systemd/*.timer "$base"/releases/*/systemd/*.service.d/*.conf; do
    relative=${file#"$base"/releases/*/systemd/}
    [ ! -e "$1/systemd/$relative" ] && cmp -s "$file" "$units/$relative" || continue
    say "$relative is not of this release: removing it"
    case $relative in
    */* | *@*) ;;
    *) act systemctl disable --quiet --now "$relative" || return 1 ;;
    esac
    act rm -f "$units/$relative" || return 1
  done
}

install_units() { # release folder
  remove_left_over "$1" || return 1
  for file in "$1"/systemd/*.service "$1"/systemd/*.timer "$1"/systemd/*.target "$1"/systemd/*.service.d/*.conf; do
    relative=${file#"$1"/systemd/}
    cmp -s "$file" "$units/$relative" && continue
    act install -D -m 0644 "$file" "$units/$relative" || return 1
  done
  act systemctl daemon-reload
}

point_to() { # release name
  make_link current "releases/$1" || return 1
  # For `sudo quantumctl`; a file of somebody's own is left alone.
  [ -e "$command_link" ] && [ ! -L "$command_link" ] || act ln -sfn "$base/current/bin/quantumctl" "$command_link"
}

same_folder() { # neither is there, or nothing of it differs
  { [ ! -d "$1" ] && [ ! -d "$2" ]; } || diff -rq "$1" "$2" >/dev/null 2>&1
}

same() { # unit old new: it runs the new one's binary, and its unit is the same in both
  [ -n "$2" ] && cmp -s "/proc/$(systemctl show -p MainPID --value "$1.service")/exe" "$base/$3/bin/$1" &&
    cmp -s "$base/$2/systemd/$1.service" "$base/$3/systemd/$1.service" &&
    same_folder "$base/$2/systemd/quantum-.service.d" "$base/$3/systemd/quantum-.service.d" &&
    same_folder "$base/$2/systemd/$1.service.d" "$base/$3/systemd/$1.service.d"
}

start_unit() { # unit; waits for READY=1
  [ -f "$units/$1.service" ] || return 0
  [ "$1" = quantum-paper-exchange ] && [ "$(mode)" != PAPER ] && return 0
  act systemctl enable --quiet "$1.service" || return 1
  if [ "$dry" = 1 ]; then act systemctl restart "$1.service"; return 0; fi
  systemctl reset-failed "$1.service" 2>/dev/null || true
  timeout "$wait_sec" systemctl restart "$1.service" && systemctl is-active --quiet "$1.service" && return 0
  say "$1 did not become ready within $wait_sec s:"
  systemctl status --no-pager --lines 10 "$1.service" >&2 || true
  return 1
}

# Restarts what differs between two releases, in the order above; everything when nobody knows what runs.
restart_changed() { # old (or nothing) new
  for unit in $order; do
    [ -f "$base/current/bin/$unit" ] || [ "$dry" = 1 ] || continue
    if same "$unit" "$1" "$2" && systemctl is-active --quiet "$unit.service"; then
      say "$unit: unchanged"
      continue
    fi
    say "$unit: restarting"
    start_unit "$unit" || return 1
  done
}

enable_rest() {
  act systemctl enable --quiet quantum.target quantum-stream-recover.timer || return 1
  act systemctl start quantum-stream-recover.timer quantum.target
}

load_functions() {
  [ "$dry" = 1 ] && { say "would load the server-side functions"; return 0; }
  "$base/current/bin/quantumctl" library load --yes
}

agree_on_version() {
  [ "$dry" = 1 ] && return 0
  builds=$("$base/current/bin/quantumctl" status --json | sed -n 's/.*"git": "\([^"]*\)".*/\1/p' | sort -u)
  [ -n "$builds" ] || say "no role says which build it runs: look at quantumctl status"
  [ "$(printf '%s\n' "$builds" | grep -c .)" -le 1 ] || fail "roles run different builds: $(printf %s "$builds" | tr "\n" " ")"
}

# A fault of it is said and undoes nothing: the kernel itself runs.
set_up_monitoring() { # release folder
  [ -x "$1/install-monitoring.sh" ] || return 0
  if [ "$dry" = 1 ]; then "$1/install-monitoring.sh" --dry-run || true; return 0; fi
  "$1/install-monitoring.sh" || say "the monitoring is not complete: mend it, then run $base/current/install-monitoring.sh"
}

# `unfinished` stands from the first change to the last and says which release ran before: whoever finds it knows
# that units of two releases may be running.
begin_change() { # the release before
  [ "$dry" = 0 ] || return 0
  trap cut_short INT TERM HUP
  make_link unfinished "$1"
}
end_change() {
  act rm -f "$base/unfinished"
  trap - INT TERM HUP
}
cut_short() {
  trap - INT TERM HUP
  fail "cut short; what runs goes on. Run install.sh of the release you want; --rollback goes to the one before"
}

# Every step may fail: as part of a condition nothing ends the script by itself.
switch_to() { # release name, the release that runs (nothing: unknown)
  folder=$base/releases/$1
  [ "$dry" = 0 ] || folder=$here
  set_up_redis "$folder" && install_units "$folder" && point_to "$1" && load_functions &&
    restart_changed "$2" "releases/$1" && enable_rest
}

do_install() {
  check_redis "$here"
  check_sums
  name=$(sed -n 's/.*"name":"\([^"]*\)".*/\1/p' "$here/BUILD.json")
  new=releases/$name
  old=$(link_to current)
  runs=$old
  before=$(link_to previous)
  cut=$(link_to unfinished)
  make_accounts
  make_settings
  make_credentials
  copy_release "$name"
  if [ -n "$cut" ]; then
    say "an earlier change was cut short: every unit is restarted"
    old=$cut runs=
  fi
  [ -z "$old" ] || [ "$old" = "$new" ] || make_link previous "$old"
  [ -z "$cut" ] && [ "${old:-$new}" = "$new" ] || begin_change "$old"
  if switch_to "$name" "$runs"; then
    end_change
    agree_on_version
    prune_releases
    set_up_monitoring "$here"
    say "done: $name"
    [ -n "$old" ] || say "trading is not armed: quantumctl arm"
    return 0
  fi
  [ -n "$old" ] && [ "$old" != "$new" ] || fail "$name was not installed, and there is no other release to go back to"
  say "going back to $old"
  # As far as it came.
  [ -n "$cut" ] || runs=$(link_to current)
  switch_to "${old#releases/}" "$runs" || fail "going back failed as well: see systemctl status 'quantum-*'"
  if [ -n "$before" ] && [ "$before" != "$old" ]; then make_link previous "$before"; else act rm -f "$base/previous"; fi
  end_change
  fail "$name was not installed; $old runs again"
}

do_rollback() {
  previous=$(link_to previous)
  was=$(link_to current)
  runs=$was
  cut=$(link_to unfinished)
  if [ -n "$cut" ]; then
    say "an earlier change was cut short: every unit is restarted"
    runs=
    # A rollback that was cut short has moved `current` already.
    [ "$was" != "$previous" ] || was=$cut
  fi
  [ -n "$previous" ] && { [ -n "$cut" ] || [ "$previous" != "$was" ]; } || fail "there is no release before this one"
  say "rolling back from ${was#releases/} to ${previous#releases/}"
  begin_change "$was"
  switch_to "${previous#releases/}" "$runs" || fail "the release before did not come up: see systemctl status 'quantum-*'"
  make_link previous "$was"
  end_change
  agree_on_version
  set_up_monitoring "$base/current"
  say "done: ${previous#releases/}"
}

# An answer that cannot be had is not "nothing is open"; heartbeats and plans are not asked.
nothing_open() {
  [ "$force" = 0 ] && [ "$dry" = 0 ] && ls "$units"/quantum-*.service >/dev/null 2>&1 || return 0
  said=$("$base/current/bin/quantumctl" status --venue --json 2>/dev/null) || said=
  case $(printf '%s' "$said" | tr -d ' \n') in
  *'"venue_positions":[]'*) ;;
  *'"venue_positions":['*) fail "positions are open at the venue: close them first (quantumctl panic), or add --force" ;;
  *) fail "nobody knows whether positions are open (quantumctl status --venue): mend that, or look at the venue and add --force" ;;
  esac
}

do_uninstall() {
  nothing_open
  [ "$dry" = 1 ] || [ ! -x "$base/current/install-monitoring.sh" ] || "$base/current/install-monitoring.sh" --remove
  # The watchdog first: it must not take the others' end for a failure.
  for unit in quantum-exit-brain-watchdog quantum.target quantum-stream-recover.timer $order quantum-stream-recover; do
    case $unit in *.*) full=$unit ;; *) full=$unit.service ;; esac
    [ -e "$units/$full" ] || continue
    act systemctl disable --quiet --now "$full"
    act rm -f "$units/$full"
  done
  act rm -f "$units/quantum-alarm@.service"
  # An operator's own drop-ins are configuration, which stays.
  for file in "$base"/releases/*/systemd/*.service.d/*.conf; do
    relative=${file#"$base"/releases/*/systemd/}
    [ ! -e "$units/$relative" ] || act rm -f "$units/$relative"
  done
  for folder in "$units/redis-server.service.d" "$units"/quantum-*.service.d; do
    [ ! -d "$folder" ] || act rmdir --ignore-fail-on-non-empty "$folder"
  done
  act systemctl daemon-reload
  [ ! -L "$command_link" ] || act rm -f "$command_link"
  act rm -rf "$base" /etc/sysusers.d/quantum.conf /etc/tmpfiles.d/quantum.conf
  say "removed; $etc, /var/lib/quantum and your own drop-ins in $units are kept"
  [ ! -e "$redis_etc/quantum-users.acl" ] || say "Redis keeps its settings, users and data; its default user is still off: other programs get \
NOAUTH. To let them in again: sed -i 's/^user default off resetpass/user default on nopass/' $redis_etc/quantum-users.acl && systemctl restart redis-server"
}

"do_$action"
