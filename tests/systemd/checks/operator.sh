# Who reaches what: root, a member of the group qt, a stranger. Sourced by first-boot.sh.
useradd --system --groups qt ops || broken "useradd"
useradd --system stranger || broken "useradd"
expect "modes of /run/quantum and its panic socket" "770 qt:qt 660 qt:qt" \
  "$(stat -c '%a %U:%G' /run/quantum /run/quantum/panic.sock | tr '\n' ' ' | sed 's/ $//')"
knock() { runuser -u "$1" -- curl -s -o /dev/null -w '%{http_code}' --unix-socket /run/quantum/panic.sock http://panic/nothing; }
expect "the panic socket answers a member of the group qt" 404 "$(knock ops)"
expect "the panic socket answers a stranger" 000 "$(knock stranger)"
arm() { curl -s -o /dev/null -w '%{http_code}' -X PUT http://127.0.0.1:9101/v1/kill -H 'content-type: application/json' "$@" -d '{"engaged":false}'; }
expect "a mutation without a token" 401 "$(arm)"
expect "with the token of another role" 401 "$(arm -H "Authorization: Bearer $(token execution)" -H 'X-Operator: test')"
expect "with its own" 200 "$(arm -H "Authorization: Bearer $(token ai-strategy-router)" -H 'X-Operator: test')"
quantumctl status >/run/status.log 2>&1 || broken "quantumctl status: $(cat /run/status.log)"
ok "quantumctl of root: $(grep -m1 '^mode' /run/status.log), $(grep -m1 '^exit brain' /run/status.log)"
refusal=$(runuser -u ops -- /opt/quantum/current/bin/quantumctl status 2>&1) && broken "ops reads the credentials"
grep -q '/etc/quantum/credentials' <<<"$refusal" || broken "it does not name what it may not read: $refusal"
ok "quantumctl of somebody else: $(tail -1 <<<"$refusal")"
refusal=$(runuser -u stranger -- /opt/quantum/current/bin/quantumctl status 2>&1) && broken "a stranger reads the settings"
grep -q '/etc/quantum may not be read' <<<"$refusal" || broken "it names what a stranger cannot know: $refusal"
quantumctl doctor >/run/doctor.log 2>&1 || grep '^fault' /run/doctor.log | grep -v 'venue' >/run/faults.log
[ -s /run/faults.log ] && broken "quantumctl doctor: $(cat /run/faults.log)"
ok "quantumctl doctor finds no fault ($(grep -c '^ok' /run/doctor.log) checks)"
