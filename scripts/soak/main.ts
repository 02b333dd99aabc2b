/**
 * `bun run soak`: every binary under steady load with random faults. Memory, descriptors, connections, keys, stream lengths and pending entries must be flat, and at the end both
 * ends of the pipeline must add up; otherwise it ends with 1. Everything it started has ended by then.
 *
 * 1. Streams start at their retention, and a key's day is five minutes: plateaus that take days come at once.
 * 2. Faults that end processes stop at 40 %, all others go on: every process has one life long enough to measure.
 * 3. What is not surely flat is not proved (verdicts.ts, trend.ts).
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keysOf } from "../../lib/contract/keys.ts";
import { commandLine } from "../command-line.ts";
import { readSoakOptions, type SoakOptions, USAGE } from "./options.ts";
import { verdictTable } from "./report.ts";
import { type SoakRecord, soakRecordSchema } from "./soak-record.ts";
import { runSoak } from "./soak-run.ts";
import { startSoakStack } from "./soak-stack.ts";
import { judge, type Verdict } from "./verdicts.ts";
import { writeDocument, writeRecord, writeReport } from "./written-report.ts";

const say = (line: string) => void process.stdout.write(`${line}\n`);

async function main(): Promise<void> {
  const options = commandLine(USAGE, readSoakOptions);
  const record =
    options.from === undefined
      ? await measure(options)
      : soakRecordSchema.parse(await Bun.file(options.from).json());
  const verdicts = judge(record.series, record.minutes);
  await writeReport(options.out, record, verdicts);
  if (options.write) await writeDocument(record, verdicts);
  const good = tell(record, verdicts);
  say(`report: ${options.out}`);
  say(good ? "proved: everything is flat and everything adds up" : "NOT PROVED");
  process.exitCode = good ? 0 : 1;
}

/** Runs it on a stack of its own. Roles that do not end as they should are a problem of the proof. */
async function measure(options: SoakOptions): Promise<SoakRecord> {
  const folder = mkdtempSync(join(tmpdir(), "quantum-soak-"));
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort());
  process.once("SIGTERM", () => interrupted.abort());
  say(`soak: seed ${options.seed}, ${options.minutes} minutes, ${options.rate} decisions a second`);
  const { binaries, seed, collect } = options;
  const stack = await startSoakStack({
    ...{ folder, binaries, keys: keysOf(""), seed, prefilled: true },
    inspected: collect || options.plant !== undefined,
  });
  const keep = (soFar: SoakRecord) => writeRecord(options.out, soFar);
  let record: SoakRecord | undefined;
  let unclean: readonly string[] = [];
  try {
    record = await runSoak({ options, stack, interrupted: interrupted.signal, say, keep });
  } finally {
    unclean = await stack.stop();
    if (options.keep) say(`logs: ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  }
  const { figures, problems } = record.proof;
  return { ...record, proof: { figures, problems: [...problems, ...unclean] } };
}

function tell({ proof }: SoakRecord, verdicts: readonly Verdict[]): boolean {
  say(`\n${verdictTable(verdicts)}\n`);
  for (const [name, count] of Object.entries(proof.figures)) say(`${name.padEnd(20)} ${count}`);
  for (const problem of proof.problems) say(`DOES NOT ADD UP  ${problem}`);
  const named = (wanted: string) => verdicts.filter(({ trend }) => trend?.verdict === wanted);
  for (const { subject, measure } of named("grows")) say(`GROWS  ${subject}: ${measure}`);
  for (const { subject, measure } of named("unsure")) say(`UNSURE, run longer  ${subject}: ${measure}`);
  // A family of keys may be too rare to be judged; what there must be of Redis is.
  const mayBeShort = /^(?:keys: |connections)/;
  const short = verdicts.filter(({ measure, trend }) => trend === undefined && !mayBeShort.test(measure));
  for (const { subject, measure } of short) say(`TOO SHORT, run 40 minutes at least  ${subject}: ${measure}`);
  return named("grows").length + named("unsure").length + short.length + proof.problems.length === 0;
}

await main();
