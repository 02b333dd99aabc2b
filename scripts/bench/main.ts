/**
 * `bun run bench [--only name,…] [--write]`: measures, prints a line a finding, and ends what it started. With
 * --write the findings also become docs/performance.md. An aim that is not met is printed and is no failure:
 * on a busy machine it says little.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Benchmark } from "./benchmark.ts";
import { admissionAgainstRoundTrips } from "./benchmarks/admission-against-round-trips.ts";
import { admissionThroughput } from "./benchmarks/admission-throughput.ts";
import { footprint } from "./benchmarks/footprint.ts";
import { orderLatency } from "./benchmarks/order-latency.ts";
import { timeToFlat } from "./benchmarks/time-to-flat.ts";
import { findingLine } from "./report/finding-lines.ts";
import { describeMachine } from "./report/machine.ts";
import { type Measured, markdownReport } from "./report/markdown-report.ts";
import { openWorkbench } from "./workbench.ts";

const ROOT = join(import.meta.dir, "..", "..");
const BENCHMARKS: readonly Benchmark[] = [
  admissionAgainstRoundTrips,
  admissionThroughput,
  orderLatency,
  timeToFlat,
  footprint,
];
const BUILT = [
  ...["ai-strategy-router", "execution", "paper-exchange"],
  ...["exit-brain", "exit-brain-watchdog", "emergency-exit-worker"],
];

/** As a shell reports a program that SIGINT ended. */
const EXIT_INTERRUPTED = 130;

const say = (line: string) => void process.stdout.write(`${line}\n`);

function chosen(only: string | undefined): readonly Benchmark[] {
  if (only === undefined) return BENCHMARKS;
  const names = only.split(",");
  const unknown = names.filter((name) => !BENCHMARKS.some((benchmark) => benchmark.name === name));
  if (unknown.length > 0) {
    const known = BENCHMARKS.map(({ name }) => name).join(", ");
    throw new Error(`no benchmark ${unknown.join(", ")}; there are ${known}`);
  }
  return BENCHMARKS.filter(({ name }) => names.includes(name));
}

async function build(): Promise<void> {
  const child = Bun.spawn(["bun", join(ROOT, "scripts", "build.ts"), ...BUILT], {
    cwd: ROOT,
    stdout: "ignore",
    stderr: "inherit",
  });
  if ((await child.exited) !== 0) throw new Error("the build failed");
}

async function measure(benchmark: Benchmark, folder: string): Promise<Measured> {
  say(`\n${benchmark.title}`);
  const binaries = join(ROOT, "dist");
  await using bench = openWorkbench({ folder: join(folder, benchmark.name), binaries });
  const interrupted = async () => {
    await bench[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
    process.exit(EXIT_INTERRUPTED);
  };
  const onSignal = () => void interrupted();
  process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
  const findings = await benchmark.run(bench);
  process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
  for (const finding of findings) {
    const { what, value, ratio, aim, met } = findingLine(finding);
    say(`  ${what.padEnd(56)} ${value.padEnd(44)} ${ratio.padEnd(26)} ${aim.padEnd(10)} ${met}`.trimEnd());
  }
  return { benchmark, findings };
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { only: { type: "string" }, write: { type: "boolean" } } });
  const benchmarks = chosen(values.only);
  if (values.write && values.only !== undefined) throw new Error("--write needs all benchmarks");
  const machine = await describeMachine();
  for (const [name, value] of machine) say(`${name.padEnd(12)} ${value}`);
  await build();
  const folder = mkdtempSync(join(tmpdir(), "quantum-bench-"));
  const measured: Measured[] = [];
  try {
    for (const benchmark of benchmarks) measured.push(await measure(benchmark, folder));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  if (!values.write) return;
  const date = new Date().toISOString().slice(0, 10);
  await Bun.write(join(ROOT, "docs", "performance.md"), markdownReport({ machine, date, measured }));
  say("\nwrote docs/performance.md");
}

await main();
