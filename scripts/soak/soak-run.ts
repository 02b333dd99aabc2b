import { keysOf } from "../../lib/contract/keys.ts";
import { describeMachine } from "../bench/report/machine.ts";
import { atRest } from "../stack/at-rest.ts";
import { seededRandom } from "../stack/seeded-random.ts";
import { startFaults } from "./fault-schedule.ts";
import { daySecOf } from "./key-causes.ts";
import { plantLeak } from "./live-heap.ts";
import { startLoad } from "./load.ts";
import { startOperator } from "./operator.ts";
import type { SoakOptions } from "./options.ts";
import { type Proof, proveTheRun } from "./proof.ts";
import { startKeeping } from "./record-keeper.ts";
import { Samples, sampleAll, sampleHeaps } from "./sampler.ts";
import { scrapeAll } from "./scrape.ts";
import type { SoakRecord } from "./soak-record.ts";
import type { SoakRole, SoakStack } from "./soak-stack.ts";

const keys = keysOf("");
const SAMPLE_EVERY_MS = 4000;
/** Sixty times in a run, at most once a minute: a collection must stay an exception. */
const HEAP_EVERY_MS_MAX = 60_000;
const SCRAPE_EVERY_MS = 15_000;
const RECOVER_EVERY_MS = 20_000;
/** About 7 MiB an hour. */
const PLANTED_KIB_A_SECOND = 2;
const PROOF_TRIES = 12;
const PROOF_AGAIN_MS = 5000;
/** How often what was measured so far is put down, for a run that is cut off. */
const CHECKPOINT_EVERY_MS = 120_000;
const REST_WITHIN_MS = 180_000;
/** Part of the run after which no process is killed any more. */
const KILLS_UNTIL = 0.4;

interface RunParts {
  readonly options: SoakOptions;
  readonly stack: SoakStack;
  readonly interrupted: AbortSignal;
  readonly say: (line: string) => void;
  /** Puts down what was measured so far. */
  readonly keep: (record: SoakRecord) => Promise<void>;
}

/** One run on a stack that is up; returns what was measured. */
export async function runSoak({ options, stack, interrupted, say, keep }: RunParts): Promise<SoakRecord> {
  const samples = new Samples();
  const random = seededRandom(options.seed);
  const began = new Date().toISOString();
  const machine = await describeMachine();
  const beganMs = performance.now();
  const now = () => (performance.now() - beganMs) / 60_000;
  const going = () => now() < options.minutes && !interrupted.aborted;
  const repeat = repeater(going, say);
  const daySec = daySecOf(options.minutes);
  const keeper = await startKeeping(stack.eye, keys);
  const operator = startOperator(stack);
  const load = startLoad({
    ...{ eye: stack.eye, keys, venueUrl: stack.venueUrl, ratePerSec: options.rate, seed: options.seed },
    random: seededRandom(options.seed + 1),
  });
  const plant = planter(stack, options.plant);
  let redisLife = 1;
  const onRedisRestart = () => {
    redisLife += 1;
  };
  const hands = { stack, random, burst: load.burst, onRedisRestart };
  const faults = startFaults({ hands, now, killsUntil: options.minutes * KILLS_UNTIL, say });
  const recordOf = (minutes: number, proof: Proof): SoakRecord => ({
    ...{ began, machine: machine.map(([name, value]) => [name, value]), minutes },
    ...{ seed: options.seed, rate: options.rate, collected: options.collect },
    proof: { figures: { ...proof.figures }, problems: [...proof.problems] },
    series: samples.all().map((one) => ({ ...one, points: [...one.points] })),
    faults: [...faults.events],
  });
  await Promise.all([
    repeat(SAMPLE_EVERY_MS, () => sampleAll(stack, samples, { minute: now(), redisLife, daySec })),
    repeat(Math.min(HEAP_EVERY_MS_MAX, options.minutes * 1000), async () => {
      await plant();
      await sampleHeaps(stack, samples, now);
    }),
    repeat(SCRAPE_EVERY_MS, () => scrapeAll(stack)),
    repeat(RECOVER_EVERY_MS, stack.recovery.run),
    repeat(SAMPLE_EVERY_MS, keeper.collect),
    repeat(CHECKPOINT_EVERY_MS, () => keep(recordOf(now(), UNPROVED))),
  ]);
  const minutes = now();
  await faults.stop();
  await load.stop();
  say(`waiting until the last of ${load.fed()} decisions has its outcome …`);
  const unrest = await atRest(stack.eye, keys, REST_WITHIN_MS).then(
    () => [],
    (error: unknown) => [String(error)],
  );
  await operator.stop();
  await keeper.collect();
  const { figures, problems } = await patiently(() => proveTheRun(stack, keeper, load));
  const more = { faults: faults.events.length, "halts cleared": operator.cleared() };
  const proof = { figures: { ...figures, ...more }, problems: [...unrest, ...faults.failures, ...problems] };
  return recordOf(minutes, proof);
}

const UNPROVED: Proof = { figures: {}, problems: ["the run was cut off: nothing was added up"] };

/** What is asked of a busy machine may time out; a run of hours is not given up for that. */
async function patiently(prove: () => Promise<Proof>): Promise<Proof> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await prove();
    } catch (error) {
      if (tries === PROOF_TRIES) return { figures: {}, problems: [`it could not be added up: ${error}`] };
      await Bun.sleep(PROOF_AGAIN_MS);
    }
  }
}

/** Plants the leak that the run must find, into every life of the role. */
function planter(stack: SoakStack, name: SoakRole | undefined) {
  let planted = 0;
  return async (): Promise<void> => {
    const life = name === undefined ? undefined : stack.role(name).life();
    if (life?.inspectorUrl === undefined || life.number === planted) return;
    if (await plantLeak(life.inspectorUrl, PLANTED_KIB_A_SECOND)) planted = life.number;
  };
}

/** Calls work again and again until `going` says no; what fails while Redis is away is made up for the next time. */
function repeater(going: () => boolean, say: (line: string) => void) {
  return async (everyMs: number, work: () => Promise<void>): Promise<void> => {
    while (going()) {
      const beganMs = performance.now();
      await work().catch((error: unknown) =>
        say(`        (${error instanceof Error ? error.message : error})`),
      );
      for (let left = everyMs - (performance.now() - beganMs); left > 0 && going(); left -= 200) {
        await Bun.sleep(Math.min(left, 200));
      }
    }
  };
}
