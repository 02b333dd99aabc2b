/**
 * `bun run test:systemd`: boots a real systemd over a throw-away copy of this machine's root, installs the
 * release in it, breaks things, switches it off and on again without Redis. Needs root, systemd and
 * redis-server; says so and ends with 75 without.
 *
 *   --full      the release is the real tarball, made by scripts/release from the last commit
 *   CHECK…      these boots alone, in this order (checks/*.sh); else first the installer alone (installer/run.sh)
 */
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { commandLine } from "../../scripts/command-line.ts";

const ROOT = join(import.meta.dir, "..", "..");
const BINARIES = Bun.env["QUANTUM_BINARIES"] ?? join(ROOT, "dist");
/** Of sysexits: what it needs is not there. */
const EXIT_UNAVAILABLE = 75;
/** The second boot finds what the first one left. */
const BOOTS = ["first-boot", "second-boot"] as const;

const CHECKS = readdirSync(join(import.meta.dir, "checks"))
  .filter((name) => name.endsWith(".sh") && name !== "common.sh")
  .map((name) => name.slice(0, -".sh".length));
const USAGE = `usage: bun run test:systemd [--full] [CHECK…]

  --full  the release is the real tarball, made by scripts/release from the last commit
  CHECK   these boots alone, in this order: ${CHECKS.join(" ")}`;

interface Wanted {
  readonly full: boolean;
  readonly named: readonly string[];
}

/** What was typed. Throws in words: a boot that is not there would be found out after minutes. */
function wantedOf(args: string[]): Wanted {
  const options = { full: { type: "boolean", default: false } } as const;
  const { values, positionals: named } = parseArgs({ args, options, allowPositionals: true });
  const unknown = named.find((name) => !CHECKS.includes(name));
  if (unknown !== undefined) throw new RangeError(`there is no check ${unknown}`);
  return { full: values.full, named };
}

function obstacle(): string | undefined {
  if (process.getuid?.() !== 0) return "it needs root: namespaces and mounts";
  if (!existsSync("/lib/systemd/systemd")) return "the package systemd is not installed";
  if (Bun.which("unshare") === null) return "the package util-linux is not installed";
  if (!existsSync("/etc/redis/redis.conf")) return "the package redis-server is not installed";
  const mayMount = Bun.spawnSync(["unshare", "--mount", "--pid", "--net", "--cgroup", "--fork", "true"]);
  return mayMount.exitCode === 0 ? undefined : `no namespaces: ${mayMount.stderr.toString().trim()}`;
}

function run(command: readonly string[], cwd: string): void {
  const ended = Bun.spawnSync([...command], { cwd, stdio: ["ignore", "inherit", "inherit"] });
  if (ended.exitCode !== 0) throw new Error(`${command.join(" ")} ended with ${ended.exitCode}`);
}

/** One gigabyte of binaries: linked where the file system allows it. */
function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}

/** What the release's tarball holds, without packing it. */
function stageRelease(folder: string): void {
  run(["sh", "scripts/release-files.sh", folder], ROOT);
  mkdirSync(join(folder, "bin"));
  for (const name of readdirSync(BINARIES).filter((one) => !one.endsWith(".map"))) {
    linkOrCopy(join(BINARIES, name), join(folder, "bin", name));
  }
  writeFileSync(join(folder, "BUILD.json"), '{"name":"quantum-test","version":"0.0.0","git":"test"}\n');
  run(
    ["sh", "-c", "find . -type f ! -name SHA256SUMS | LC_ALL=C sort | xargs sha256sum >SHA256SUMS"],
    folder,
  );
}

/** The real thing: scripts/release in a clean copy of the last commit, unpacked as an operator does. */
function unpackRelease(folder: string, work: string): void {
  const clone = join(work, "clone");
  run(["git", "clone", "-q", ROOT, clone], ROOT);
  run(["sh", "scripts/release"], clone);
  const name = readdirSync(join(clone, "release")).find((one) => one.endsWith(".tar.zst"));
  if (name === undefined) throw new Error("scripts/release made no tarball");
  run(["sha256sum", "-c", `${name}.sha256`], join(clone, "release"));
  run(["tar", "--zstd", "-xf", join(clone, "release", name), "-C", folder, "--strip-components=1"], work);
  process.stdout.write(`release ${name}\n`);
  rmSync(clone, { recursive: true, force: true });
}

function main({ full, named }: Wanted): number {
  const missing = obstacle();
  if (missing !== undefined) {
    process.stderr.write(`systemd tests cannot run here: ${missing}\n`);
    return EXIT_UNAVAILABLE;
  }
  const folder = mkdtempSync(join(tmpdir(), "systemd-test-"));
  const started = performance.now();
  try {
    const [release, output] = [join(folder, "release"), join(folder, "output")];
    mkdirSync(release);
    mkdirSync(output);
    if (full) unpackRelease(release, folder);
    else stageRelease(release);
    const checks = named.length > 0 ? named : BOOTS;
    // First what needs no boot.
    if (named.length === 0) run(["bash", join(import.meta.dir, "installer", "run.sh"), ROOT], ROOT);
    const boot = Bun.spawnSync(["bash", join(import.meta.dir, "boot.sh"), release, ROOT, output, ...checks]);
    const log = join(output, "check.log");
    process.stdout.write(readFileSync(existsSync(log) ? log : join(output, "boot.log"), "utf8"));
    process.stdout.write(`${((performance.now() - started) / 1000).toFixed(0)} s, exit ${boot.exitCode}\n`);
    return boot.exitCode;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = main(commandLine(USAGE, wantedOf));
