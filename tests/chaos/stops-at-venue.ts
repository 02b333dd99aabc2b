import { z } from "zod";
import { fetchJson } from "../../scripts/stack/fetch-json.ts";

const stateSchema = z.looseObject({
  positions: z.array(
    z.looseObject({ symbol: z.string(), positionSide: z.string(), positionAmt: z.string() }),
  ),
  algoOrders: z.array(
    z.looseObject({
      symbol: z.string(),
      side: z.string(),
      positionSide: z.string(),
      algoStatus: z.string(),
      clientAlgoId: z.string(),
      closePosition: z.boolean(),
    }),
  ),
});

/** Positions that do not have exactly one stop at the venue, and stops that rest twice, in plain words. */
export async function stopProblems(venueUrl: string): Promise<readonly string[]> {
  const { positions, algoOrders } = stateSchema.parse(await fetchJson(`${venueUrl}/paper/state`));
  const resting = algoOrders.filter((order) => order.closePosition && order.algoStatus === "NEW");
  const open = positions.filter(({ positionAmt }) => Number(positionAmt) !== 0);
  const unguarded = open.flatMap(({ symbol, positionSide, positionAmt }) => {
    const side = Number(positionAmt) > 0 ? "SELL" : "BUY";
    const own = resting.filter(
      (order) => order.symbol === symbol && order.side === side && order.positionSide === positionSide,
    );
    return own.length === 1 ? [] : [`${symbol} ${positionAmt} has ${own.length} stops at the venue`];
  });
  const byId = Map.groupBy(resting, ({ clientAlgoId }) => clientAlgoId);
  const twice = [...byId].filter(([, orders]) => orders.length > 1);
  return [...unguarded, ...twice.map(([id]) => `stop ${id} rests twice`)];
}
