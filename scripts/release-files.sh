#!/bin/sh
# Puts everything of a release but the binaries into a folder: release-files.sh FOLDER.
set -eu
stage=$1
cd "$(dirname "$0")/.."
cp -R systemd "$stage/systemd"
cp -R docs "$stage/docs"
cp README.md LICENSE CHANGELOG.md "$stage/"
for part in prometheus dashboards; do
  mkdir -p "$stage/telemetry/$part"
  # What is deployed is data; the programs that made it stay here.
  find "lib/telemetry/$part" -type f ! -name '*.ts' -exec cp {} "$stage/telemetry/$part/" \;
done
cp scripts/install.sh scripts/install-redis.sh scripts/install-monitoring.sh "$stage/"
chmod 755 "$stage/install.sh" "$stage/install-monitoring.sh"
