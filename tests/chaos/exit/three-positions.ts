import { must } from "./must.ts";
import { completionsOf, panicCloses, untilPanicsAcknowledged } from "./panic-traces.ts";
import type { Stage } from "./stage.ts";
import type { PanicCourse } from "./timeline.ts";
import { untilGuarded } from "./until-guarded.ts";
import { simulated } from "./venue-hand.ts";

const LONGS = simulated(2);
const SHORT = "BTCUSDT";

/** The legs of the account as `panicCloses` names them. */
export const THREE_LEGS = [...LONGS, SHORT].map((symbol) => `${symbol} BOTH`);

/** Two longs and a short under the exit brain's guard, each with its stop, and four resting orders. */
export async function openThreePositions(stage: Stage): Promise<void> {
  await stage.venue.openPositions(LONGS);
  await stage.venue.call("POST", "/fapi/v1/order", {
    ...{ symbol: SHORT, side: "SELL", type: "MARKET", quantity: "0.005" },
  });
  await stage.venue.restOrders(LONGS, 4);
  await untilGuarded(stage, THREE_LEGS.length);
}

/** The account is flat in every sense, entries are halted on both sides, and the completion says exactly so. */
export async function mustHaveClosedThree(stage: Stage, course: PanicCourse): Promise<void> {
  must((await stage.venue.positions()).length === 0, "a position is open");
  must((await stage.venue.resting()).length === 0, "an order rests");
  must((await stage.venue.stops()).length === 0, "a stop of a closed position rests");
  must(stage.haltFileStands(), "the halt file stands");
  must(course.haltedMs !== undefined, "Redis says halted");
  must(course.firstCloseMs !== undefined, "a close was executed");
  must(course.haltedMs <= course.firstCloseMs, "the halt came after the first close");
  const flat = (await completionsOf(stage)).filter((one) => one.status === "flat");
  must(flat.length === 1, `one completion says flat, not ${flat.length}`);
  const [last] = flat;
  must(last?.positions_total === 3 && last.positions_closed === 3, "the completion counts 3 of 3");
  must(last.positions_failed === 0 && last.failed_symbols.length === 0, "the completion names no failure");
  must(last.results.length === 3 && last.results.every((one) => one.closed), "one closed result a position");
  await untilPanicsAcknowledged(stage);
}

/** Each position was closed by one executed order. */
export async function mustHaveClosedOnce(stage: Stage): Promise<void> {
  const closes = await panicCloses(stage);
  for (const leg of THREE_LEGS)
    must(closes.get(leg) === 1, `${leg} was closed by ${closes.get(leg) ?? 0} orders`);
  must(closes.size === THREE_LEGS.length, `closes on ${[...closes.keys()].join(", ")}`);
}
