/**
 * `bun run soak --minutes N [--seed S] [--rate N] [--out DIR]`: every binary under steady load with random faults.
 * Memory, descriptors, connections, keys, stream lengths and pending entries must be flat, and at the end both
 * ends of the pipeline must add up; otherwise it ends with 1. Everything it started has ended by then.
 *
 * 1. Streams start at their retention, and a key's day is five minutes: plateaus that take days come at once.
 * 2. Faults that end processes stop half-way, all others go on: every process has one life long enough to measure.
 * 3. A trend is the median of all slopes within a life, after a time to settle: a restart is no growth or shrinkage.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keysOf } from "../../lib/contract/keys.ts";
import { atRest } from "../stack/at-rest.ts";
import { seededRandom } from "../stack/seeded-random.ts";
import { startFaults } from "./fault-schedule.ts";
import { startLoad } from "./load.ts";
import { startOperator } from "./operator.ts";
import { readSoakOptions, type SoakOptions } from "./options.ts";
import { type Proof, proveTheRun } from "./proof.ts";
import { startKeeping } from "./record-keeper.ts";
import { plotSamples, verdictTable, writeReport } from "./report.ts";
import { Samples, sampleAll, sampleHeaps } from "./sampler.ts";
import { scrapeAll } from "./scrape.ts";
import { type SoakStack, startSoakStack } from "./soak-stack.ts";
import { judge } from "./verdicts.ts";

const keys = keysOf("");
const say = (line: string) => void process.stdout.write(`${line}\n`);
const SAMPLE_EVERY_MS = 4000;
const SCRAPE_EVERY_MS = 15_000;
const RECOVER_EVERY_MS = 20_000;
const HEAP_EVERY_MS_MAX = 60_000;
const REST_WITHIN_MS = 180_000;
/** What a day of a key's life is in the run, at most. */
const DAY_SEC_MAX = 300;
/** Parts of the run after which kills stop and measuring begins, and of a life until it has settled. */
const KILLS_UNTIL = 0.4;
const MEASURE_FROM = 0.4;
const SETTLE = 0.12;

/** Calls `work` again and again until `going` says no; what fails while Redis is away is made up for the next time. */
async function repeat(everyMs: number, going: () => boolean, work: () => Promise<void>): Promise<void> {
  while (going()) {
    const beganMs = performance.now();
    await work().catch((error: unknown) =>
      say(`        (${error instanceof Error ? error.message : error})`),
    );
    for (let left = everyMs - (performance.now() - beganMs); left > 0 && going(); left -= 200) {
      await Bun.sleep(Math.min(left, 200));
    }
  }
}

async function soak(options: SoakOptions, stack: SoakStack, interrupted: AbortSignal): Promise<boolean> {
  const samples = new Samples();
  const random = seededRandom(options.seed);
  const beganMs = performance.now();
  const now = () => (performance.now() - beganMs) / 60_000;
  const going = () => now() < options.minutes && !interrupted.aborted;
  const heapEveryMs = Math.min(HEAP_EVERY_MS_MAX, (options.minutes * 60_000) / 60);
  const daySec = Math.min(DAY_SEC_MAX, options.minutes * 60 * 0.2);
  const keeper = await startKeeping(stack.eye, keys);
  const operator = startOperator(stack);
  const load = startLoad({
    ...{ eye: stack.eye, keys, venueUrl: stack.venueUrl, ratePerSec: options.rate, seed: options.seed },
    random: seededRandom(options.seed + 1),
  });
  let redisLife = 1;
  const onRedisRestart = () => {
    redisLife += 1;
  };
  const hands = { stack, random, burst: load.burst, onRedisRestart };
  const faults = startFaults({ hands, now, killsUntil: options.minutes * KILLS_UNTIL, say });
  await Promise.all([
    repeat(SAMPLE_EVERY_MS, going, () => sampleAll(stack, samples, { minute: now(), redisLife, daySec })),
    repeat(heapEveryMs, going, () => sampleHeaps(stack, samples, now)),
    repeat(SCRAPE_EVERY_MS, going, () => scrapeAll(stack)),
    repeat(RECOVER_EVERY_MS, going, stack.recovery.run),
    repeat(SAMPLE_EVERY_MS, going, keeper.collect),
  ]);
  await faults.stop();
  await load.stop();
  say(`waiting until the last of ${load.fed()} decisions has its outcome …`);
  const unrest = await atRest(stack.eye, keys, REST_WITHIN_MS).then(
    () => [],
    (error: unknown) => [String(error)],
  );
  await operator.stop();
  await keeper.collect();
  const found = await proveTheRun(stack, keeper, load);
  const proof = { ...found, problems: [...unrest, ...faults.failures, ...found.problems] };
  const measured = judge(samples, {
    from: options.minutes * MEASURE_FROM,
    settleMinutes: options.minutes * SETTLE,
  });
  const table = verdictTable(measured);
  const title = `seed ${options.seed}, ${options.minutes} minutes, ${options.rate} decisions a second`;
  const svg = await plotSamples(samples, { text: "Soak of all processes", subtitle: title });
  const plot = await writeReport(options.out, { table, samples, faults: faults.events, svg, proof, title });
  const growing = measured.filter(({ trend }) => trend?.flat === false);
  tell({ table, proof, plot, operatorCleared: operator.cleared(), faults: faults.events.length });
  for (const { subject, measure } of growing) say(`NOT FLAT  ${subject}: ${measure}`);
  return growing.length === 0 && proof.problems.length === 0;
}

function tell(told: {
  readonly table: string;
  readonly proof: Proof;
  readonly plot: string;
  readonly operatorCleared: number;
  readonly faults: number;
}): void {
  say(`\n${told.table}\n`);
  for (const [name, count] of Object.entries(told.proof.figures)) say(`${name.padEnd(20)} ${count}`);
  say(`${"faults".padEnd(20)} ${told.faults}\n${"halts cleared".padEnd(20)} ${told.operatorCleared}`);
  say(`plot: ${told.plot}`);
  for (const problem of told.proof.problems) say(`DOES NOT ADD UP  ${problem}`);
}

async function main(): Promise<void> {
  const options = readSoakOptions(Bun.argv.slice(2));
  const folder = mkdtempSync(join(tmpdir(), "quantum-soak-"));
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort());
  process.once("SIGTERM", () => interrupted.abort());
  say(`soak: seed ${options.seed}, ${options.minutes} minutes, ${options.rate} decisions a second`);
  const { binaries, seed } = options;
  const stack = await startSoakStack({
    folder,
    binaries,
    keys,
    seed,
    prefilled: true,
    inspected: options.collect,
  });
  let good = false;
  let unclean: readonly string[] = [];
  try {
    good = await soak(options, stack, interrupted.signal);
  } finally {
    unclean = await stack.stop();
    if (options.keep) say(`logs: ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  }
  for (const problem of unclean) say(`DOES NOT ADD UP  ${problem}`);
  say(good && unclean.length === 0 ? "proved: everything is flat and everything adds up" : "NOT PROVED");
  process.exitCode = good && unclean.length === 0 ? 0 : 1;
}

await main();
