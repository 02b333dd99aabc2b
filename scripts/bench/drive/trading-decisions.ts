import { DecisionMaker } from "../../stack/decision-maker.ts";
import { readPrices } from "../../stack/read-prices.ts";
import { seededRandom } from "../../stack/seeded-random.ts";

/** Names of the paper exchange's invented contracts, whose filters let every size of the maker through. */
const INVENTED = /^SIM\d+USDT$/;

/**
 * Entries for the decision stream that trade: one symbol after the other, so that no two are in work on the same
 * one, at the prices the venue stands at. Throws when it has no invented symbols.
 */
export async function tradingDecisions(venueUrl: string, run: string): Promise<() => readonly string[]> {
  const prices = [...(await readPrices(venueUrl))].filter(([symbol]) => INVENTED.test(symbol));
  if (prices.length === 0) throw new Error("the paper exchange has no invented symbols");
  const maker = new DecisionMaker(seededRandom(1), run, [["entry", 1]]);
  let made = 0;
  return () => {
    const [symbol, price] = prices[made % prices.length] ?? ["", ""];
    made += 1;
    return maker.next(new Map([[symbol, price]]), Date.now()).fields;
  };
}
