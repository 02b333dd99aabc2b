/** Compiles cmd/*.ts to dist/, one self-contained binary a role: `bun scripts/build.ts [role…]`. */
import { mkdir, readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { z } from "zod";
import { ROLES } from "../lib/contract/roles.ts";
import { COMPILE_FLAGS } from "./compile-flags.ts";

const ROOT = join(import.meta.dir, "..");
/** Two compilations at once: each takes a core and about 300 MB. */
const PARALLEL = 2;

async function textOf(command: readonly string[]): Promise<string | undefined> {
  const child = Bun.spawn([...command], { cwd: ROOT, stdout: "pipe", stderr: "ignore" });
  const text = await child.stdout.text();
  return (await child.exited) === 0 ? text.trim() : undefined;
}

/** The commit, `-dirty` when tracked files differ from it, `unknown` outside a repository. */
async function gitIdentity(): Promise<string> {
  const commit = await textOf(["git", "rev-parse", "--short=12", "HEAD"]);
  if (commit === undefined) return "unknown";
  const changes = await textOf(["git", "status", "--porcelain", "--untracked-files=no"]);
  return changes === "" ? commit : `${commit}-dirty`;
}

async function rolesToBuild(asked: readonly string[]): Promise<readonly string[]> {
  const files = await readdir(join(ROOT, "cmd"));
  const there = files.filter((file) => file.endsWith(".ts")).map((file) => basename(file, ".ts"));
  const unknown = asked.filter((role) => !there.includes(role));
  if (unknown.length > 0) throw new Error(`no cmd/${unknown.join(".ts, cmd/")}.ts`);
  return asked.length > 0 ? asked : there.sort();
}

function binaryName(role: string): string {
  const known = new Map<string, { readonly binary: string }>(Object.entries(ROLES)).get(role);
  if (known === undefined) throw new Error(`cmd/${role}.ts is not a role of lib/contract/roles.ts`);
  return known.binary;
}

async function compile(role: string, defines: readonly string[]): Promise<string> {
  const outfile = join(ROOT, "dist", binaryName(role));
  const command = [
    "bun",
    "build",
    ...COMPILE_FLAGS,
    ...defines,
    join(ROOT, "cmd", `${role}.ts`),
    "--outfile",
    outfile,
  ];
  const started = performance.now();
  const child = Bun.spawn(command, { cwd: ROOT, stdout: "pipe", stderr: "pipe" });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (child.exitCode !== 0) throw new Error(`${role} does not compile:\n${out}${err}`);
  const megabytes = ((await stat(outfile)).size / 1e6).toFixed(1);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  return `${binaryName(role).padEnd(32)} ${megabytes.padStart(6)} MB ${seconds.padStart(5)} s`;
}

async function main(): Promise<void> {
  const manifest: unknown = await Bun.file(join(ROOT, "package.json")).json();
  const { version } = z.object({ version: z.string() }).parse(manifest);
  const git = await gitIdentity();
  const defines = [
    "--define",
    `BUILD_VERSION=${JSON.stringify(version)}`,
    "--define",
    `BUILD_GIT=${JSON.stringify(git)}`,
  ];
  const waiting = [...(await rolesToBuild(process.argv.slice(2)))];
  await mkdir(join(ROOT, "dist"), { recursive: true });
  process.stdout.write(`version ${version}, git ${git}\n`);
  const worker = async () => {
    for (let role = waiting.shift(); role !== undefined; role = waiting.shift()) {
      process.stdout.write(`${await compile(role, defines)}\n`);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
}

await main();
