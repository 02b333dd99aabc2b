import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { systemClock } from "../../../lib/daemon/clock.ts";
import { startThrowAwayPipeline } from "../../../lib/operator/prove/throw-away-pipeline.ts";
import { BINARIES } from "../../support/pipeline.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { runQuantumctl } from "./compiled-quantumctl.ts";

const folder = mkdtempSync(join(tmpdir(), "prove-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let runs = 0;
/** A folder of its own for the temporary files of one run. */
function place(): string {
  runs += 1;
  const path = join(folder, `run-${runs}`);
  mkdirSync(path);
  return path;
}

/** Processes whose environment or command line names the folder. */
function processesIn(path: string): readonly string[] {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false;
    try {
      return ["cmdline", "environ"].some((file) =>
        readFileSync(join("/proc", pid, file), "utf8").includes(path),
      );
    } catch {
      return false;
    }
  });
}

const tableSchema = z.object({
  proved: z.boolean(),
  rows: z.array(z.object({ expected: z.string(), got: z.string(), orders: z.number(), holds: z.boolean() })),
});

async function prove(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const at = place();
  const run = await runQuantumctl({ args: ["prove", "gates", ...args], env: { TMPDIR: at, ...env } });
  expect(readdirSync(at)).toEqual([]);
  expect(processesIn(at)).toEqual([]);
  return run;
}

const EXAMPLE = join(import.meta.dir, "../../../systemd/env/core_gates.env.example");

describe("quantumctl prove gates", () => {
  test("each gate holds its own row with the shipped settings file, comments and all, and nothing is left behind", async () => {
    const run = await prove(["--json", "--gates", EXAMPLE]);
    const { proved, rows } = tableSchema.parse(JSON.parse(run.out));
    expect(rows.map(({ got, orders }) => `${got} ${orders}`)).toEqual([
      "filled 1",
      "gate_blocked MIN_NOTIONAL 0",
      "gate_blocked EDGE_TOO_SMALL 0",
      "gate_blocked COOLDOWN 0",
      "gate_blocked RATE_LIMIT 0",
      "gate_blocked R_TOO_LOW 0",
      "gate_blocked MODEL_REGIME_MISMATCH 0",
      "denied STOP_WRONG_SIDE 0",
    ]);
    expect({ proved, code: run.code }).toEqual({ proved: true, code: 0 });
  }, 120_000);

  test("one row that does not hold is said, and the exit code is 1", async () => {
    const gates = join(folder, "loose.env");
    writeFileSync(gates, "MIN_NOTIONAL_USD=1  # far too small\nMIN_R_TREND=9\n");
    const { out, code } = await prove(["--gates", gates]);
    expect(code).toBe(1);
    expect(out).toMatch(/FAILED .*24\.99 USD.*gate_blocked MIN_NOTIONAL +gate_blocked R_TOO_LOW +0/);
    expect(out).toContain("3 of 8 rows hold");
  }, 120_000);

  test("settings that execution refuses are shown in its own words", async () => {
    const gates = join(folder, "wrong.env");
    writeFileSync(gates, "MIN_NOTIONAL_USD=plenty\n");
    const { out, code } = await prove(["--gates", gates]);
    expect(code).toBe(75);
    expect(out).toContain("MIN_NOTIONAL_USD");
  }, 120_000);

  test.each([
    ["redis-server", [], { PATH: "/nowhere" }, { code: 75, words: "redis-server is not installed" }],
    ["the settings file", ["--gates", "/nowhere.env"], {}, { code: 64, words: "/nowhere.env" }],
  ] as const)("%s is not there: said, and nothing is left behind", async (_, args, env, expected) => {
    const run = await prove(args, env);
    expect(run.code).toBe(expected.code);
    expect(`${run.out}${run.err}`).toContain(expected.words);
  });

  test("interrupted, it ends everything it started", async () => {
    const at = place();
    const child = Bun.spawn([join(BINARIES, "quantumctl"), "prove", "gates"], {
      env: { PATH: Bun.env["PATH"] ?? "", TMPDIR: at },
      ...({ stdin: "ignore", stdout: "ignore", stderr: "ignore" } as const),
    });
    await waitUntil("something was started", () => processesIn(join(at, "quantum-proof-")).length > 0);
    child.kill("SIGINT");
    expect(await child.exited).not.toBe(0);
    expect(readdirSync(at)).toEqual([]);
    expect(processesIn(at)).toEqual([]);
  }, 120_000);

  test("a missing binary is named", async () => {
    const around = { clock: systemClock, binaries: "/nowhere", environment: { PATH: Bun.env["PATH"] } };
    const starting = startThrowAwayPipeline(
      { ...around, signal: new AbortController().signal },
      { gates: {}, prices: {} },
    );
    expect(await starting.catch(String)).toContain("/nowhere/quantum-paper-exchange is missing");
  });
});
