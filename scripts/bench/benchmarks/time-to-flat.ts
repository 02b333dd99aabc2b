import { openStage } from "../../../tests/chaos/exit/stage.ts";
import { followPanic } from "../../../tests/chaos/exit/timeline.ts";
import { untilGuarded } from "../../../tests/chaos/exit/until-guarded.ts";
import { simulated } from "../../../tests/chaos/exit/venue-hand.ts";
import type { Benchmark } from "../benchmark.ts";
import type { Finding } from "../finding.ts";

/** Open positions without a heartbeat for longer are unguarded (contract). */
const THRESHOLD_MS = 3000;
/** How much later than the threshold a panic may be in the stream. */
const DETECTION_MS = 300;
const VENUE_LATENCY_MS = 50;
/** Symbols closed at once (behaviour). */
const PARALLEL = 20;
const POSITIONS = [1, 10, 100] as const;

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
    `number of requests that have to follow each other, ${PARALLEL} symbols at once, times the latency.`,
  async run() {
    const findings: Finding[] = [];
    for (const positions of POSITIONS) findings.push(...(await measure(positions)));
    return findings;
  },
};

async function measure(positions: number): Promise<readonly Finding[]> {
  await using stage = await openStage({ env: { "paper-exchange": { PAPER_WEIGHT_LIMIT_1M: "6000" } } });
  const symbols = simulated(positions);
  await stage.venue.openPositions(symbols);
  await stage.venue.restOrders(symbols, positions);
  await untilGuarded(stage, positions);
  const effect = { kind: "latency", ms: VENUE_LATENCY_MS } as const;
  await stage.venue.faults({ rules: [{ match: { path: "/fapi/*" }, effect }] });
  const atMs = Date.now();
  await stage.role("exit-brain").kill();
  const course = await followPanic(stage, { atMs, what: "killed", flatWithinMs: 20_000 });
  const panicMs = course.panics[0]?.atMs ?? Number.NaN;
  const detectedMs = panicMs - (course.lastBeatMs ?? Number.NaN);
  const closedMs = (course.lastCloseMs ?? Number.NaN) - panicMs;
  const least = leastMs(positions);
  return [
    {
      ...{ what: `${positions} positions: last heartbeat → panic`, figure: detectedMs, unit: "ms" },
      ratio: { value: detectedMs / THRESHOLD_MS, to: "the threshold" },
      aim: { of: "figure", bound: "at most", limit: THRESHOLD_MS + DETECTION_MS },
    },
    {
      ...{ what: `${positions} positions: panic → last close`, figure: closedMs, unit: "ms" },
      ratio: { value: closedMs / least, to: `${least} ms, the least` },
      aim: { of: "ratio", bound: "at most", limit: 2 },
    },
  ];
}
