#!/bin/bash
# Boots Debian's own systemd as PID 1 in fresh namespaces over a throw-away overlay of this machine's root and
# runs one check in it: boot.sh RELEASE_FOLDER CHECK_SCRIPT OUTPUT_FOLDER. Ends with the check's exit code.
# Nothing of it survives; it needs root.
set -eu
release=$(realpath "$1") check=$(realpath "$2") output=$(realpath "$3")
base=$(mktemp -d "${TMPDIR:-/tmp}/systemd-boot.XXXXXX")
export release check output base

units=$base.units
mkdir -p "$units"
cat >"$units/check.service" <<UNIT
[Unit]
Description=The check
SuccessAction=exit-force
FailureAction=exit-force
After=basic.target
Wants=basic.target
[Service]
Type=oneshot
ExecStart=/bin/bash /mnt/check.sh
StandardOutput=truncate:/mnt/output/check.log
StandardError=inherit
TimeoutStartSec=280
UNIT
export units

code=0
# shellcheck disable=SC2016
unshare --mount --pid --ipc --uts --net --cgroup --fork --kill-child /bin/bash -euc '
  mount --make-rprivate /
  mount -t tmpfs -o size=6G tmpfs "$base"
  mkdir -p "$base/upper" "$base/work" "$base/root"
  root=$base/root
  mount -t overlay overlay -o "lowerdir=/,upperdir=$base/upper,workdir=$base/work" "$root"
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
  cp "$units/check.service" "$root/run/systemd/system/"
  mount -t tmpfs tmpfs "$root/mnt"
  mkdir "$root/mnt/release" "$root/mnt/output"
  mount --bind "$release" "$root/mnt/release"
  mount --bind "$output" "$root/mnt/output"
  cp "$check" "$root/mnt/check.sh"
  ip link set lo up
  hostname boot-test
  cd "$root"
  mkdir -p .old
  pivot_root . .old
  exec env -i container=unshare PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot . /bin/bash -c \
    "umount -l /.old; mount --make-rshared /; exec /lib/systemd/systemd systemd.mask=systemd-firstboot.service systemd.unit=check.service"
' >"$output/boot.log" 2>&1 || code=$?
rm -rf "$units"
rmdir "$base" 2>/dev/null || true
# systemd leaves empty folders of its slices in hierarchies that it shares with this machine.
find /sys/fs/cgroup -mindepth 2 -depth -type d \( -path '*/init.scope*' -o -path '*/system.slice*' \) \
  -exec rmdir {} \; 2>/dev/null || true
exit "$code"
