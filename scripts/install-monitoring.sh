#!/bin/sh
# Puts rules, scrape jobs, alert routes and dashboards where this machine's Prometheus, Alertmanager and Grafana
# read them; what is not installed is skipped. install.sh runs it; run it again after credentials changed.
#
#   ./install-monitoring.sh             install or refresh; nothing happens twice
#   ./install-monitoring.sh --dry-run   say what would be done
#   ./install-monitoring.sh --remove    take back what nobody has changed since
#
# A file is replaced only if nobody touched it: it is as the package brought it (kept as FILE.before-quantum), or
# as an earlier run of this left it. Else ours goes beside it as FILE.quantum-new, and that is said.
#
# Where alerts go: one file a credential in /etc/quantum/credentials/alerts (telegram-bot-token, smtp-to, …:
# telemetry/prometheus/render-alertmanager.sh lists them).
# Exit: 0 done, 1 something was not set up, 2 wrong usage.
set -eu
# What the units run must be readable for them, whatever root's own umask is.
umask 022

here=$(cd "$(dirname "$0")" && pwd)
etc=/etc/prometheus
grafana=/etc/grafana/provisioning
dashboards=/var/lib/grafana/dashboards/quantum
alerts=/etc/quantum/credentials/alerts
# "checksum path" of every file as we left it.
ours=${QUANTUM_BASE:-/opt/quantum}/monitoring.sums
dry=0
action=set_up
failed=0
touched=

for word in "$@"; do
  case $word in
  --dry-run) dry=1 ;;
  --remove) action=remove ;;
  -h | --help) sed -n '2,13s/^# \{0,1\}//p' "$0"; exit 0 ;;
  *) echo "install-monitoring.sh: $word is not known; see --help" >&2; exit 2 ;;
  esac
done

say() { printf '[monitoring] %s\n' "$*"; }
sum_of() { sha256sum "$1" | cut -d' ' -f1; }

untouched() { # path: as a package or an earlier run left it
  grep -qxF "$(sum_of "$1") $1" "$ours" 2>/dev/null && return 0
  dpkg-query -W -f '${Conffiles}\n' 2>/dev/null | grep -qF " $1 $(md5sum "$1" | cut -d' ' -f1)"
}

# To the end of the line: one path may begin with another.
known() { grep -q " $1\$" "$ours" 2>/dev/null; } # path
remember() { # path
  { grep -v " $1\$" "$ours" 2>/dev/null || true; printf '%s %s\n' "$(sum_of "$1")" "$1"; } >"$ours.new"
  mv "$ours.new" "$ours"
}

# Adds the path to `touched` when it was written.
place() { # source target [group]
  cmp -s "$1" "$2" && { [ "$dry" = 1 ] || known "$2" || remember "$2"; return 0; }
  target=$2
  if [ -e "$2" ] && ! untouched "$2"; then
    target=$2.quantum-new
    cmp -s "$1" "$target" && return 0
    say "$2 was changed by somebody and is kept; ours is $target: compare the two"
  fi
  if [ "$dry" = 1 ]; then say "would write $target"; return 0; fi
  if [ -e "$target" ] && ! known "$target"; then cp -p "$target" "$target.before-quantum"; fi
  if [ -n "${3:-}" ]; then install -D -m 0640 -g "$3" "$1" "$target"; else install -D -m 0644 "$1" "$target"; fi
  [ "$target" = "$2" ] || return 0
  remember "$2"
  touched="$touched $2"
}

# The arguments of a package's daemon, where nobody has set any.
arguments() { # /etc/default file, arguments
  made=$(mktemp)
  sed "s|^ARGS=\"\"|ARGS=\"$2\"|" "$1" >"$made"
  grep -q '^ARGS=""' "$1" && place "$made" "$1"
  rm -f "$made"
}

apply() { # unit: takes over what was written
  case $touched in
  '') return 0 ;;
  *default/*) verb=restart ;;
  *) verb=reload ;;
  esac
  touched=
  systemctl is-active --quiet "$1" || { say "$1 is not running: systemctl enable --now $1"; return 0; }
  systemctl "$verb" "$1" || { say "$1 does not $verb: systemctl status $1"; failed=1; }
}

set_up_prometheus() {
  command -v prometheus >/dev/null 2>&1 && [ -d "$etc" ] || { say "no Prometheus here"; return 0; }
  for rules in "$here"/telemetry/prometheus/quantum-*.yml; do place "$rules" "$etc/rules/$(basename "$rules")"; done
  place "$here/telemetry/prometheus/prometheus.yml" "$etc/prometheus.yml"
  arguments /etc/default/prometheus "--web.listen-address=127.0.0.1:9091 --storage.tsdb.retention.time=90d"
  if [ "$dry" = 0 ] && ! said=$(promtool check config "$etc/prometheus.yml" 2>&1); then
    say "$etc/prometheus.yml does not load: $said"
    failed=1
    return 0
  fi
  apply prometheus.service
}

set_up_alertmanager() {
  command -v prometheus-alertmanager >/dev/null 2>&1 && [ -d "$etc" ] || { say "no Alertmanager here"; return 0; }
  if [ "$dry" = 1 ]; then say "would render $etc/alertmanager.yml from $alerts"; return 0; fi
  [ -d "$alerts" ] || install -d -m 0700 "$alerts"
  place "$here/telemetry/prometheus/quantum.tmpl" "$etc/alertmanager_templates/quantum.tmpl"
  rendered=$etc/.alertmanager.quantum
  if sh "$here/telemetry/prometheus/render-alertmanager.sh" --credentials "$alerts" --out "$rendered" >/dev/null 2>"$rendered.said"; then
    place "$rendered" "$etc/alertmanager.yml" prometheus
    [ -n "$(ls "$alerts")" ] || say "nobody is told of an alert yet: put credentials into $alerts and run this again"
  else
    say "the alert routes were not written: $(cat "$rendered.said")"
    failed=1
  fi
  rm -f "$rendered" "$rendered.said"
  arguments /etc/default/prometheus-alertmanager "--web.listen-address=127.0.0.1:9093 --cluster.listen-address="
  apply prometheus-alertmanager.service
}

set_up_grafana() {
  [ -d "$grafana" ] || { say "no Grafana here"; return 0; }
  place "$here/telemetry/dashboards/dashboards.yml" "$grafana/dashboards/quantum.yml"
  place "$here/telemetry/dashboards/datasources.yml" "$grafana/datasources/quantum.yml"
  for board in "$here"/telemetry/dashboards/quantum-*.json; do
    case $board in *.import.json) ;; *) place "$board" "$dashboards/$(basename "$board")" ;; esac
  done
  [ -z "$touched" ] || say "Grafana reads this when it starts: systemctl restart grafana-server"
  touched=
}

do_set_up() {
  set_up_prometheus
  set_up_alertmanager
  set_up_grafana
}

do_remove() {
  [ -f "$ours" ] || return 0
  while read -r _ path; do
    [ -e "$path" ] || continue
    untouched "$path" || { say "$path was changed by somebody and is kept"; continue; }
    if [ "$dry" = 1 ]; then say "would remove $path"; continue; fi
    if [ -e "$path.before-quantum" ]; then mv "$path.before-quantum" "$path"; else rm -f "$path"; fi
  done <"$ours"
  [ "$dry" = 1 ] && return 0
  rm -f "$ours"
  for unit in prometheus prometheus-alertmanager; do systemctl try-restart "$unit.service" 2>/dev/null || true; done
}

"do_$action"
exit "$failed"
