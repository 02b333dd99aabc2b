import { readFile } from "node:fs/promises";
import { cpus, loadavg, release, totalmem } from "node:os";

/** What the figures were measured on, as lines of name and value. */
export async function describeMachine(): Promise<readonly (readonly [string, string])[]> {
  const [processor] = cpus();
  return [
    ["Processor", `${cpus().length} × ${processor?.model ?? "unknown"}`],
    ["Memory", `${Math.round(totalmem() / 2 ** 30)} GiB`],
    ["System", `${await distribution()}, Linux ${release()}`],
    ["Bun", Bun.version],
    ["Build", await gitCommit()],
    ["Redis", await versionOf(["redis-server", "--version"])],
    ["Load before", loadavg()[0]?.toFixed(2) ?? ""],
  ];
}

async function distribution(): Promise<string> {
  const text = await readFile("/etc/os-release", "utf8");
  return /^PRETTY_NAME="(.*)"$/m.exec(text)?.[1] ?? "unknown";
}

/** The commit that was measured; "-dirty" behind it when files differ from it. */
async function gitCommit(): Promise<string> {
  const child = Bun.spawn(["git", "describe", "--always", "--dirty", "--abbrev=12"], {
    stdout: "pipe",
    stderr: "ignore",
  });
  const text = await child.stdout.text();
  return (await child.exited) === 0 ? text.trim() : "unknown";
}

async function versionOf(command: readonly string[]): Promise<string> {
  const text = await Bun.spawn([...command], { stdout: "pipe" }).stdout.text();
  return /v=(\S+)/.exec(text)?.[1] ?? "unknown";
}
