#!/bin/bash
# An empty machine: install, settings, upgrade under load, the guards.
here=$(dirname "$0")
. "$here/common.sh"
. "$here/install.sh"
. "$here/monitoring.sh"
. "$here/settings.sh"
. "$here/upgrade.sh"
. "$here/guards.sh"
systemctl disable --quiet redis-server.service
printf 'ok           the first boot is done\n'
