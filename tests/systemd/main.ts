/**
 * `bun run test:systemd`: boots a real systemd over a throw-away copy of this machine's root, installs the
 * release in it and breaks things. Needs root and the package systemd; says so and ends with 75 without.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "..", "..");
/** Of sysexits: what it needs is not there. */
const EXIT_UNAVAILABLE = 75;

function obstacle(): string | undefined {
  if (process.getuid?.() !== 0) return "it needs root: namespaces and mounts";
  if (!existsSync("/lib/systemd/systemd")) return "the package systemd is not installed";
  if (Bun.which("unshare") === null) return "the package util-linux is not installed";
  return existsSync("/etc/redis/redis.conf") ? undefined : "the package redis-server is not installed";
}

/** What the release's tarball holds, without packing it. */
function stageRelease(folder: string): void {
  for (const part of ["systemd", "docs"]) cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  mkdirSync(join(folder, "bin"));
  const binaries = readdirSync(join(ROOT, "dist")).filter((name) => !name.endsWith(".map"));
  for (const name of binaries) cpSync(join(ROOT, "dist", name), join(folder, "bin", name));
  cpSync(join(ROOT, "scripts", "install.sh"), join(folder, "install.sh"));
  writeFileSync(join(folder, "BUILD.json"), '{"name":"quantum-test","version":"0.0.0","git":"test"}\n');
  const sums = "find . -type f ! -name SHA256SUMS | LC_ALL=C sort | xargs sha256sum > SHA256SUMS";
  if (Bun.spawnSync(["sh", "-c", sums], { cwd: folder }).exitCode !== 0) throw new Error("no checksums");
}

function main(): number {
  const missing = obstacle();
  if (missing !== undefined) {
    process.stderr.write(`systemd tests cannot run here: ${missing}\n`);
    return EXIT_UNAVAILABLE;
  }
  const folder = mkdtempSync(join(tmpdir(), "systemd-test-"));
  try {
    const release = join(folder, "release");
    const output = join(folder, "output");
    mkdirSync(release);
    mkdirSync(output);
    stageRelease(release);
    const boot = Bun.spawnSync([
      "bash",
      join(import.meta.dir, "boot.sh"),
      release,
      join(import.meta.dir, "installed.sh"),
      output,
    ]);
    const log = join(output, "check.log");
    process.stdout.write(readFileSync(existsSync(log) ? log : join(output, "boot.log"), "utf8"));
    return boot.exitCode;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = main();
