#!/bin/bash
# The same machine after a restart, without Redis at first.
here=$(dirname "$0")
. "$here/common.sh"
printf 'ok           second boot\n'
