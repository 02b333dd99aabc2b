import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { childProcesses } from "../../support/child-processes.ts";
import { waitUntil } from "../../support/wait-until.ts";

const ROOT = join(import.meta.dir, "..", "..", "..");
const BINARIES = Bun.env["QUANTUM_BINARIES"] ?? join(ROOT, "dist");
/** Redis, venue, router, execution. */
const PROCESSES = 4;

async function temporaryFolder() {
  const path = await mkdtemp(join(tmpdir(), "quantum-demo-test-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** The demonstration as it is started by hand. */
function demonstrate(...options: readonly string[]) {
  const script = join(ROOT, "scripts", "demonstration", "main.ts");
  const child = Bun.spawn([process.execPath, script, "--binaries", BINARIES, ...options], {
    stdout: "pipe",
    stderr: "pipe",
  });
  const ended = Promise.all([child.exited, child.stdout.text(), child.stderr.text()]);
  return {
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    /** All of its processes, once the last one runs. */
    processes: () =>
      waitUntil("everything is started", () => {
        const children = childProcesses(child.pid);
        return children.size === PROCESSES && children;
      }),
    ended: async () => {
      const [code, said, complaint] = await ended;
      return { code, said, complaint };
    },
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGTERM");
      await child.exited;
    },
  };
}

const alive = (pids: Iterable<number>) => [...pids].filter((pid) => existsSync(`/proc/${pid}`));

test("replays a recorded market, proves that everything adds up and ends with 0", async () => {
  await using folder = await temporaryFolder();
  const market = join(folder.path, "btc-1m.csv");
  const bars = Array.from({ length: 60 }, (_, minute) => {
    const time = new Date(Date.UTC(2024, 0, 1, 0, minute)).toISOString();
    return `${time},${42_000 + minute},${42_010 + minute},${41_990 + minute},${42_001 + minute},10`;
  });
  await Bun.write(market, ["timestamp,open,high,low,close,volume", ...bars].join("\n"));
  await using demo = demonstrate("--prices", market, "--seconds", "1");
  const { code, said, complaint } = await demo.ended();
  expect([code, complaint]).toEqual([0, ""]);
  expect(said).toContain("proved: orders = distinct admitted, ungated intents");
});

test("says in plain words that the venue was killed, ends with 1 and leaves no process behind", async () => {
  await using demo = demonstrate("--seconds", "60");
  const processes = await demo.processes();
  const [venue = 0] = [...processes].find(([, command]) => command.endsWith("quantum-paper-exchange")) ?? [];
  process.kill(venue, "SIGKILL");

  const { code, complaint, said } = await demo.ended();
  expect(code).toBe(1);
  expect(complaint).toStartWith("quantum-paper-exchange has ended with 137; its last lines:\n");
  expect(said).toEndWith("all processes of the demonstration have ended\n");
  expect(alive(processes.keys())).toEqual([]);
});

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("%s ends it with %d and leaves no process behind", async (signal, exitCode) => {
  await using demo = demonstrate("--seconds", "60");
  const processes = await demo.processes();
  demo.kill(signal);

  const { code, complaint } = await demo.ended();
  expect([code, complaint]).toEqual([exitCode, `interrupted by ${signal}\n`]);
  expect(alive(processes.keys())).toEqual([]);
});
