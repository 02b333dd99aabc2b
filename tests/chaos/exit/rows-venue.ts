import type { z } from "zod";
import type { faultScriptSchema } from "../../../lib/paper/faults/fault-script.ts";
import { waitFor } from "../../../scripts/stack/wait-for.ts";
import { must } from "./must.ts";
import { publishPanic, soundPanic } from "./panic-calls.ts";
import { completionsOf, panicCloses } from "./panic-traces.ts";
import type { Scenario } from "./scenario.ts";
import { openStage } from "./stage.ts";
import { mustHaveClosedThree, openThreePositions } from "./three-positions.ts";
import { followPanic, readCourse, type Timeline } from "./timeline.ts";

type Rules = z.input<typeof faultScriptSchema>["rules"];

const CLOSE = { method: "POST", path: "/fapi/v1/order" } as const;
const POSITIONS = { method: "GET", path: "/fapi/v3/positionRisk" } as const;

/** What befalls the venue while a panic runs; it ends flat all the same. */
const FAULTS: readonly (readonly [title: string, rules: Rules])[] = [
  [
    "reading positions fails 3 times",
    [{ match: POSITIONS, count: 3, effect: { kind: "http", status: 502 } }],
  ],
  [
    "closes answer 503 unknown, executed",
    [{ match: CLOSE, count: 3, effect: { kind: "unavailable", text: "unknown", executed: true } }],
  ],
  [
    "closes answer 503 unknown, not executed",
    [{ match: CLOSE, count: 3, effect: { kind: "unavailable", text: "unknown" } }],
  ],
  ["closes answer -2022", [{ match: CLOSE, count: 2, effect: { kind: "error", code: -2022 } }]],
  ["closes answer -4118", [{ match: CLOSE, count: 2, effect: { kind: "error", code: -4118 } }]],
  [
    "closes answer 429 with Retry-After",
    [{ match: CLOSE, count: 2, effect: { kind: "limited", status: 429, retryAfterSec: 1 } }],
  ],
  ["closes fill in part", [{ match: CLOSE, count: 2, effect: { kind: "partial_fill", fraction: 0.5 } }]],
];

function faultyVenue(what: string, rules: Rules): () => Promise<Timeline> {
  return async () => {
    await using stage = await openStage();
    await openThreePositions(stage);
    await stage.venue.faults({ rules });
    const atMs = Date.now();
    await publishPanic(stage, soundPanic());
    const course = await followPanic(stage, { atMs, what, flatWithinMs: 30_000, completionWithinMs: 30_000 });
    await mustHaveClosedThree(stage, course);
    for (const one of await completionsOf(stage))
      must(one.positions_total === 3, `a completion counts ${one.positions_total} positions`);
    return course.timeline;
  };
}

/** A resting order fills after the symbol's close: the position is there again, and closed again. */
async function refilled(): Promise<Timeline> {
  await using stage = await openStage();
  await openThreePositions(stage);
  // Cancels are lost at first, and the price falls to the resting bids as soon as the closes are through.
  await stage.venue.faults({
    rules: [{ match: { method: "DELETE" }, count: 6, effect: { kind: "lost_request" } }],
  });
  const resting = await stage.venue.resting();
  const symbol = resting[0]?.symbol ?? "";
  const atMs = Date.now();
  await publishPanic(stage, soundPanic());
  await waitFor("its close is executed", async () => (await panicCloses(stage)).has(`${symbol} BOTH`), {
    timeoutMs: 20_000,
    everyMs: 2,
  });
  await stage.venue.control("market", { symbol, price: "5" });
  const course = await followPanic(stage, {
    ...{
      atMs,
      what: "panic; a resting order may fill again",
      flatWithinMs: 30_000,
      completionWithinMs: 30_000,
    },
  });
  must((await stage.venue.positions()).length === 0, "a position is open");
  return course.timeline;
}

const CHAIN = ["emergency-exit-worker", "exit-brain", "exit-brain-watchdog", "execution"] as const;

/** Long and short of one symbol, and a long above the largest market order. */
async function hedgedAndLarge(): Promise<Timeline> {
  await using stage = await openStage({
    roles: [],
    env: { "paper-exchange": { PAPER_LEVEL_USD: "10000000" } },
  });
  const { venue } = stage;
  await venue.call("POST", "/fapi/v1/positionSide/dual", { dualSidePosition: true });
  await venue.control("market", { symbol: "XRPUSDT", price: "0.02" });
  const open = (symbol: string, side: string, quantity: string) =>
    venue.call("POST", "/fapi/v1/order", {
      ...{ symbol, side, type: "MARKET", quantity, positionSide: side === "BUY" ? "LONG" : "SHORT" },
    });
  await open("ETHUSDT", "BUY", "0.5");
  await open("ETHUSDT", "SELL", "0.3");
  for (let part = 0; part < 3; part += 1) await open("XRPUSDT", "BUY", "1500000");
  for (const role of CHAIN) await stage.role(role).start();
  const atMs = Date.now();
  await publishPanic(stage, soundPanic());
  const course = await followPanic(stage, { atMs, what: "panic in hedge mode", flatWithinMs: 20_000 });
  const closes = await panicCloses(stage);
  must(closes.get("ETHUSDT LONG") === 1 && closes.get("ETHUSDT SHORT") === 1, "each side is closed once");
  must((closes.get("XRPUSDT LONG") ?? 0) >= 3, "the large position is closed in parts");
  must(course.completions.at(-1)?.positions_closed === 3, "the completion counts three");
  return course.timeline;
}

/** The venue refuses the credentials for good. */
async function wrongCredentials(): Promise<Timeline> {
  await using stage = await openStage({ roles: ["exit-brain", "execution"] });
  await openThreePositions(stage);
  const worker = stage.role("emergency-exit-worker");
  worker.supervise();
  // It reads what is open at its start: so it can name the symbols afterwards.
  await worker.start();
  await stage.venue.control("credentials", { forbidden: true });
  const atMs = Date.now();
  const panic = soundPanic();
  await publishPanic(stage, panic);
  const failed = await waitFor(
    "a completion says failed",
    async () => (await completionsOf(stage)).find((one) => one.status === "failed"),
    { timeoutMs: 40_000, everyMs: 50 },
  );
  must(failed.failed_symbols.length === 3, `it names ${failed.failed_symbols.join(", ")}`);
  await waitFor("the worker ends with 76", () => worker.ends.includes(76), { timeoutMs: 30_000 });
  must((await stage.venue.positions()).length === 3, "the positions are open, nobody claims otherwise");
  must((await stage.venue.stops()).length === 3, "their stops rest");
  must(stage.haltFileStands(), "the halt file stands");
  const course = await readCourse(stage, { atMs, what: "credentials refused, panic", flatMs: Date.now() });
  return course.timeline.filter(([, what]) => !what.startsWith("seen flat"));
}

/** Rows 9, 10 and 18: what the venue does. */
export const VENUE_SCENARIOS: readonly Scenario[] = [
  ...FAULTS.map(([title, rules], at) => ({
    ...{ row: 9, part: "abcdefg"[at] ?? "", title, quick: false },
    run: faultyVenue(title, rules),
  })),
  { row: 9, part: "h", title: "a resting order may refill a position", quick: false, run: refilled },
  {
    row: 10,
    title: "hedge mode, and a position above the largest market order",
    quick: false,
    run: hedgedAndLarge,
  },
  { row: 18, title: "closes refused for wrong credentials", quick: false, run: wrongCredentials },
];
