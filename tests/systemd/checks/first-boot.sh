#!/bin/bash
# An empty machine: install, settings, upgrade under load, the guards.
here=$(dirname "$0")
. "$here/common.sh"
. "$here/install.sh"
. "$here/monitoring.sh"
. "$here/operator.sh"
. "$here/settings.sh"
prometheus_watches
. "$here/upgrade.sh"
. "$here/guards.sh"
. "$here/full-disk.sh"
systemctl disable --quiet redis-server.service
printf 'ok           the first boot is done\n'
