import { openStage } from "../../../tests/chaos/exit/stage.ts";
import { followPanic } from "../../../tests/chaos/exit/timeline.ts";
import { untilGuarded } from "../../../tests/chaos/exit/until-guarded.ts";
import { simulated } from "../../../tests/chaos/exit/venue-hand.ts";
import type { Benchmark } from "../benchmark.ts";
import type { Finding } from "../finding.ts";
import { median } from "../measure/median.ts";
import { ratioOfRounds } from "../measure/ratio-of-rounds.ts";

/** Open positions without a heartbeat for longer are unguarded (contract). */
const THRESHOLD_MS = 3000;
/** How much later than the threshold a panic may be in the stream. */
const DETECTION_MS = 300;
const VENUE_LATENCY_MS = 50;
/** Of threshold and least together. */
const WHOLE_TIMES_MAX = 1.5;
/** Symbols closed at once (behaviour). */
const PARALLEL = 20;
const POSITIONS = [1, 10, 100] as const;
/** The venue counts orders by these periods of its clock: those that open and guard positions are not the panic's. */
const ORDER_LIMIT_PERIOD_MS = 10_000;
const ROUNDS = { quick: 1, full: 3, long: 3 } as const;

/**
 * Requests that cannot be made at the same time: what rests must be known before it is cancelled, cancelled
 * before positions are believed, believed before they are closed; then one more for each further twenty.
 */
function leastMs(positions: number): number {
  return (4 + Math.ceil(positions / PARALLEL) - 1) * VENUE_LATENCY_MS;
}

/** From the exit brain's death to an account without a position. */
export const timeToFlat: Benchmark = {
  name: "flat",
  title: "Exit brain killed → panic → flat",
  method:
    `Compiled exit brain, watchdog, worker, execution and router; ${POSITIONS.join(", ")} positions with one ` +
    `resting order each, ${VENUE_LATENCY_MS} ms of latency before every answer of the venue. Detection is from the ` +
    "last heartbeat to the panic in its stream; closing from there to the last fill. The least possible is the " +
    `number of requests that have to follow each other, ${PARALLEL} symbols at once, times the latency. All of it is ` +
    "from the kill to the last fill, against the threshold and that least together: a kill comes up to a second " +
    `after a heartbeat, so it can be below 1. Medians of ${ROUNDS.full} rounds, each with every process new.`,
  async run({ effort }) {
    const courses = new Map<number, Course[]>(POSITIONS.map((positions) => [positions, []]));
    for (let round = 0; round < ROUNDS[effort]; round += 1) {
      for (const [positions, list] of courses) list.push(await measure(positions));
    }
    return [...courses].flatMap(([positions, list]) => findings(positions, list));
  },
};

/** How long each part of one emergency took, ms. */
interface Course {
  readonly detectedMs: number;
  readonly closedMs: number;
  /** From the kill to the last fill. */
  readonly flatMs: number;
}

async function measure(positions: number): Promise<Course> {
  await using stage = await openStage({ env: { "paper-exchange": { PAPER_WEIGHT_LIMIT_1M: "6000" } } });
  const symbols = simulated(positions);
  await stage.venue.openPositions(symbols);
  await stage.venue.restOrders(symbols, positions);
  await untilGuarded(stage, positions);
  await Bun.sleep(ORDER_LIMIT_PERIOD_MS - (Date.now() % ORDER_LIMIT_PERIOD_MS));
  const effect = { kind: "latency", ms: VENUE_LATENCY_MS } as const;
  await stage.venue.faults({ rules: [{ match: { path: "/fapi/*" }, effect }] });
  const atMs = Date.now();
  await stage.role("exit-brain").kill();
  const course = await followPanic(stage, { atMs, what: "killed", flatWithinMs: 20_000 });
  const panicMs = course.panics[0]?.atMs ?? Number.NaN;
  const detectedMs = panicMs - (course.lastBeatMs ?? Number.NaN);
  const closedMs = (course.lastCloseMs ?? Number.NaN) - panicMs;
  return { detectedMs, closedMs, flatMs: panicMs + closedMs - atMs };
}

function findings(positions: number, courses: readonly Course[]): readonly Finding[] {
  const least = leastMs(positions);
  const part = (what: string, of: keyof Course, against: { readonly ms: number; readonly to: string }) => ({
    ...{
      what: `${positions} ${positions === 1 ? "position" : "positions"}: ${what}`,
      figure: median(courses.map((course) => course[of])),
      unit: "ms",
    },
    ratio: ratioOfRounds(courses, (course) => course[of], { of: () => against.ms, to: against.to }),
  });
  return [
    {
      ...part("last heartbeat → panic", "detectedMs", { ms: THRESHOLD_MS, to: "the threshold" }),
      aim: { of: "figure", bound: "at most", limit: THRESHOLD_MS + DETECTION_MS },
    },
    {
      ...part("panic → last close", "closedMs", { ms: least, to: `${least} ms, the least` }),
      aim: { of: "ratio", bound: "at most", limit: 2 },
    },
    {
      ...part("kill → flat", "flatMs", { ms: THRESHOLD_MS + least, to: `${THRESHOLD_MS + least} ms` }),
      aim: { of: "ratio", bound: "at most", limit: WHOLE_TIMES_MAX },
    },
  ];
}
