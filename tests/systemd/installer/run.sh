#!/bin/bash
# The installer alone, in a minute and without systemd: over a throw-away overlay of this machine's root, with a
# stand-in for systemctl, a real redis-server and a release whose binaries only sleep. run.sh PROJECT_FOLDER; needs
# root. What a unit does under systemd is the boots' part.
set -eu
project=$(realpath "$1")
base=$(mktemp -d "${TMPDIR:-/tmp}/installer.XXXXXX")
export project base
code=0
# shellcheck disable=SC2016
unshare --mount --pid --net --fork --kill-child /bin/bash -euc '
  mount --make-rprivate /
  mount -t tmpfs -o size=2G tmpfs "$base"
  mkdir "$base/upper" "$base/work" "$base/root"
  mount -t overlay overlay -o "lowerdir=/,upperdir=$base/upper,workdir=$base/work" "$base/root"
  cd "$base/root"
  mount -t proc proc proc
  mount --rbind /dev dev
  mount -t tmpfs tmpfs run
  mount -t tmpfs tmpfs tmp
  mount -t tmpfs tmpfs mnt
  mkdir mnt/project
  mount --bind -o ro "$project" mnt/project
  ip link set lo up
  exec env -i PATH=/run/bin:/usr/sbin:/usr/bin:/sbin:/bin chroot . /bin/bash /mnt/project/tests/systemd/installer/check.sh
' || code=$?
rmdir "$base"
exit "$code"
