#!/bin/bash
# Boots Debian's own systemd as PID 1 in fresh namespaces over a throw-away overlay of this machine's root, once
# for each check: boot.sh RELEASE_FOLDER PROJECT_FOLDER OUTPUT_FOLDER CHECK… All boots see the same disk, as one
# machine that is switched off and on. Ends with the code of the first check that fails. Nothing of it survives;
# it needs root.
set -eu
release=$(realpath "$1") project=$(realpath "$2") output=$(realpath "$3")
shift 3
here=$(cd "$(dirname "$0")" && pwd)
base=$(mktemp -d "${TMPDIR:-/tmp}/systemd-boot.XXXXXX")
export release project output base here

# One boot: namespaces of its own, what a container needs, then systemd.
boot_once='
  mount --make-rprivate /
  root=$base/root
  mount -t proc proc "$root/proc"
  mount -t sysfs sysfs "$root/sys"
  mount --rbind /dev "$root/dev"
  mount -t tmpfs tmpfs "$root/run"
  mount -t tmpfs tmpfs "$root/tmp"
  groups=$root/sys/fs/cgroup
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    mount -t cgroup2 cgroup2 "$groups"
  else
    mount -t tmpfs -o mode=755 tmpfs "$groups"
    for one in cpu cpuacct memory pids devices freezer blkio; do
      mkdir "$groups/$one"
      mount -t cgroup -o "$one" cgroup "$groups/$one"
    done
    mkdir "$groups/systemd" "$groups/unified"
    mount -t cgroup -o none,name=systemd cgroup "$groups/systemd"
    mount -t cgroup2 cgroup2 "$groups/unified"
  fi
  mkdir -p "$root/run/systemd/system"
  sed "s#@CHECK@#$check#" "$here/check.service" >"$root/run/systemd/system/check.service"
  mount -t tmpfs tmpfs "$root/mnt"
  mkdir "$root/mnt/release" "$root/mnt/project" "$root/mnt/output"
  mount --bind "$release" "$root/mnt/release"
  mount --bind -o ro "$project" "$root/mnt/project"
  mount --bind "$output" "$root/mnt/output"
  ip link set lo up
  hostname boot-test
  cd "$root"
  mkdir -p .old
  pivot_root . .old
  exec env -i container=unshare PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot . /bin/bash -c \
    "umount -l /.old; mount --make-rshared /; exec /lib/systemd/systemd systemd.mask=systemd-firstboot.service systemd.unit=check.service"
'
export boot_once
code=0
# shellcheck disable=SC2016
unshare --mount /bin/bash -euc '
  mount --make-rprivate /
  mount -t tmpfs -o size=8G tmpfs "$base"
  mkdir -p "$base/upper" "$base/work" "$base/root"
  mount -t overlay overlay -o "lowerdir=/,upperdir=$base/upper,workdir=$base/work" "$base/root"
  for check in "$@"; do
    export check
    unshare --mount --pid --ipc --uts --net --cgroup --fork --kill-child /bin/bash -euc "$boot_once"
  done
' boot "$@" >"$output/boot.log" 2>&1 || code=$?
rmdir "$base" 2>/dev/null || true
# systemd leaves empty folders of its slices in hierarchies that it shares with this machine.
find /sys/fs/cgroup -mindepth 2 -depth -type d \( -path '*/init.scope*' -o -path '*/system.slice*' \) \
  -exec rmdir {} \; 2>/dev/null || true
exit "$code"
