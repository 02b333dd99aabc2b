#!/bin/sh
# Writes Alertmanager's configuration with the receivers for which there are credentials, one file each:
#
#   sh render-alertmanager.sh --credentials DIR --out FILE [--base FILE]
#
#   telegram-bot-token, telegram-chat-id          discord-webhook-url          slack-webhook-url
#   pagerduty-routing-key (critical alerts only)
#   smtp-smarthost (host:port), smtp-from, smtp-to; with a login smtp-username, smtp-password;
#   smtp-require-tls (true unless it says false: a relay on this machine)
#
# Without any credential the configuration loads and notifies nobody; that is said on stderr. FILE gets mode
# 0640 and is replaced in one step, after amtool (where installed) has accepted it. No credential is printed
# or handed over on a command line.
# Exit: 0 written, 78 a credential is wrong (every fault is listed, nothing is written), 2 wrong usage.
set -eu
LC_ALL=C
export LC_ALL
umask 027

here=$(cd "$(dirname "$0")" && pwd)
base=$here/alertmanager.yml
credentials=
out=
usage() { sed -n '4,4s/^# *//p' "$0" >&2; exit 2; }

while [ $# -gt 0 ]; do
  [ $# -ge 2 ] || usage
  case $1 in
  --credentials) credentials=$2 ;;
  --out) out=$2 ;;
  --base) base=$2 ;;
  *) usage ;;
  esac
  shift 2
done
[ -n "$credentials" ] && [ -n "$out" ] || usage

faults=0
fault() { printf '%s\n' "render-alertmanager.sh: $*" >&2; faults=$((faults + 1)); }
has() { [ -e "$credentials/$1" ]; }

# The credential into the variable `value`, ready for a YAML double-quoted string. An unreadable, empty or
# many-lined file is a fault, never "no such receiver".
take() {
  value=
  if [ ! -e "$credentials/$1" ]; then fault "$credentials/$1 is missing: $2"; return 0; fi
  if [ ! -f "$credentials/$1" ] || [ ! -r "$credentials/$1" ]; then
    fault "$credentials/$1 cannot be read"
    return 0
  fi
  value=$(cat "$credentials/$1")
  [ -n "$value" ] || { fault "$credentials/$1 is empty"; return 0; }
  case $value in
  *[[:cntrl:]]*) fault "$credentials/$1 holds more than one line, or a control character"; value= ;;
  esac
  value=$(printf '%s' "$value" | sed 's/[\\"]/\\&/g')
}

# The last taken credential has to match an extended regular expression.
shape() {
  [ -z "$value" ] && return 0
  printf '%s\n' "$value" | grep -Eqx -- "$2" || fault "$credentials/$1 is not $3"
}

[ -d "$credentials" ] && [ -r "$credentials" ] && [ -x "$credentials" ] ||
  fault "$credentials is not a readable folder"
grep -qx 'receivers:' "$base" 2>/dev/null || fault "$base is not the configuration's base"

title='{{ template "quantum.title" . }}'
text='{{ template "quantum.text" . }}'
message='{{ template "quantum.message" . }}'
web='https?://[^[:space:]]+'
everyone=
pager=
names=

# add NAME INTEGRATION: an entry of both receivers.
add() {
  names="$names $1"
  everyone="$everyone
    $2"
}

if has telegram-bot-token || has telegram-chat-id; then
  take telegram-bot-token "telegram-chat-id is there"
  shape telegram-bot-token '[0-9]+:[A-Za-z0-9_-]+' "a bot's token (digits, colon, letters)"
  token=$value
  take telegram-chat-id "telegram-bot-token is there"
  shape telegram-chat-id '-?[0-9]+' "a chat's number"
  add telegram "telegram_configs:
      - bot_token: \"$token\"
        chat_id: $value
        parse_mode: \"\"
        message: '$message'
        send_resolved: true"
fi

if has discord-webhook-url; then
  take discord-webhook-url ""
  shape discord-webhook-url "$web" "a web address"
  add discord "discord_configs:
      - webhook_url: \"$value\"
        title: '$title'
        message: '$text'
        send_resolved: true"
fi

if has slack-webhook-url; then
  take slack-webhook-url ""
  shape slack-webhook-url "$web" "a web address"
  add slack "slack_configs:
      - api_url: \"$value\"
        title: '$title'
        text: '$text'
        fallback: '$title'
        send_resolved: true"
fi

if has smtp-smarthost || has smtp-from || has smtp-to || has smtp-username || has smtp-password; then
  why="an e-mail receiver needs smtp-smarthost, smtp-from and smtp-to"
  take smtp-smarthost "$why"
  shape smtp-smarthost '[^[:space:]]+:[0-9]+' "host:port"
  smarthost=$value
  take smtp-from "$why"
  from=$value
  take smtp-to "$why"
  mail="email_configs:
      - to: \"$value\"
        from: \"$from\"
        smarthost: \"$smarthost\""
  if has smtp-username || has smtp-password; then
    take smtp-username "smtp-password is there"
    username=$value
    take smtp-password "smtp-username is there"
    mail="$mail
        auth_username: \"$username\"
        auth_password: \"$value\""
  fi
  if has smtp-require-tls; then
    take smtp-require-tls ""
    shape smtp-require-tls 'true|false' "true or false"
    mail="$mail
        require_tls: $value"
  fi
  add e-mail "$mail
        headers:
          Subject: '$title'
        text: '$text'
        html: ''
        send_resolved: true"
fi

if has pagerduty-routing-key; then
  take pagerduty-routing-key ""
  shape pagerduty-routing-key '[A-Za-z0-9]{32}' "an Events API v2 key (32 letters and digits)"
  names="$names pagerduty"
  pager="
    pagerduty_configs:
      - routing_key: \"$value\"
        severity: critical
        description: '$title'
        details:
          text: '$text'
        send_resolved: true"
fi

[ "$faults" = 0 ] || { printf '%s\n' "nothing was written ($faults)" >&2; exit 78; }

made=$(mktemp "$out.XXXXXX")
trap 'rm -f "$made"' EXIT
{
  # The base's own last comment speaks of the empty receivers.
  sed -n '/^receivers:$/q;/^# No credentials were given/!p' "$base"
  if [ -n "$names" ]; then
    printf '# Rendered for:%s.\n' "$names"
  else
    printf '# No credentials were given: Alertmanager shows the alerts and tells nobody.\n'
  fi
  printf 'receivers:\n  - name: critical%s%s\n' "$everyone" "$pager"
  printf '  - name: warning%s\n' "$everyone"
} >"$made"
chmod 0640 "$made"
# Alertmanager reads it as the package's user.
if [ "$(id -u)" = 0 ] && getent group prometheus >/dev/null 2>&1; then chgrp prometheus "$made"; fi
if command -v amtool >/dev/null 2>&1; then
  # Templates lie beside the final file: its folder is the one to check in, and that is where $made is.
  said=$(amtool check-config "$made" 2>&1) || { printf '%s\n' "$said" >&2; exit 1; }
fi
mv "$made" "$out"
trap - EXIT
if [ -n "$names" ]; then
  printf '%s\n' "$out: alerts go to$names"
else
  printf '%s\n' "$out: no credentials in $credentials, alerts are shown by Alertmanager and sent to nobody" >&2
fi
