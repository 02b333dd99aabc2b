here=$(dirname "$0")
. "$here/common.sh"
. "$here/install.sh"
. "$here/monitoring.sh"
. "$here/settings.sh"
