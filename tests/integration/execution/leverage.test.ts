import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import type { TradeIntent } from "../../../lib/contract/trade-intent.ts";
import { classifyOutcome } from "../../../lib/exchange/classify-outcome.ts";
import type { Exchange } from "../../../lib/exchange/exchange.ts";
import { LeverageKeeper } from "../../../lib/execution/leverage-keeper.ts";
import { type Desk, openDesk, soundIntent } from "../../support/execution-desk.ts";

const SILENCE = { kind: "fault", fault: "TIMEOUT", message: "" } as const;
const NO_REPLY = classifyOutcome({ method: "POST", answer: SILENCE, nowMs: 0 });

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk();
});
afterAll(() => desk[Symbol.asyncDispose]());
beforeEach(() => desk.emptyRedis());

/** The leverage that the venue has for the symbol at each order that it is sent. */
function watched(exchange: Exchange, before: () => Promise<void>) {
  const atVenue = new Map<string, number>();
  const sent: (number | undefined)[] = [];
  const venue: Exchange = {
    ...exchange,
    setLeverage: async (symbol, leverage) => {
      atVenue.set(symbol, leverage);
      return exchange.setLeverage(symbol, leverage);
    },
    submitOrder: async (order, signing) => {
      await before();
      sent.push(atVenue.get(order.symbol));
      return exchange.submitOrder(order, signing);
    },
  };
  return { venue, sent };
}

test("an entry that is held does not change the leverage under the order of another", async () => {
  const { promise: gone, resolve: go } = Promise.withResolvers<void>();
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  const { venue, sent } = watched(desk.parts.exchange, () => {
    ask();
    return gone;
  });
  const { clock, inHand } = desk.parts;
  const keeper = new LeverageKeeper({ exchange: venue, clock, inHand });
  const change = {
    exchange: venue,
    rules: { ...desk.parts.rules, holdMinMs: 300_000 },
    leverageStands: (entry: TradeIntent) => keeper.stands(entry),
    ensureLeverage: (entry: TradeIntent) => keeper.ensure(entry),
  };
  await desk.withParts(change, async () => {
    const first = await desk.publish(soundIntent({ leverage: 5 }));
    const second = await desk.publish(soundIntent({ leverage: 20 }));
    const firstEnds = desk.handle(first);
    await asked;
    await desk.handle(second);
    go();
    await firstEnds;
  });
  const results = await desk.results();
  expect(results.map(({ status }) => status)).not.toEqual(["filled", "filled"]);
  expect(sent).toEqual([5]);
});

test("the leverage that is known is the one that the venue was asked for last", async () => {
  let atVenue = 0;
  const replies: (() => void)[] = [];
  const venue: Pick<Exchange, "setLeverage"> = {
    setLeverage: async (_symbol, leverage) => {
      atVenue = leverage;
      await new Promise<void>((resolve) => replies.push(resolve));
      return { ok: true, value: leverage };
    },
  };
  const keeper = new LeverageKeeper({
    exchange: venue,
    clock: { monotonicMs: () => 0 },
    inHand: new Set("ab"),
  });
  const entry = (intent_id: string, leverage: number) => ({ intent_id, symbol: "ETHUSDT", leverage });
  const both = [keeper.ensure(entry("a", 5)), keeper.ensure(entry("b", 20))];
  // The replies come in the other order, as they may on two connections.
  for (let turn = 0; turn < 10; turn += 1) {
    replies.pop()?.();
    await Bun.sleep(1);
  }
  await Promise.all(both);
  const believed = [5, 20].filter((leverage) => keeper.stands(entry("c", leverage)));
  expect(believed).toEqual([atVenue]);
});

test.each<[string, Awaited<ReturnType<Exchange["setLeverage"]>>]>([
  ["the venue did not answer", { ok: false, outcome: NO_REPLY }],
  ["the venue set to another", { ok: true, value: 10 }],
])("a leverage that %s is not taken for what it was before, nor for what was asked", async (_, reading) => {
  const inHand = new Set("ab");
  const answers = [{ ok: true, value: 5 } as const, reading];
  const venue = { setLeverage: async () => answers.shift() ?? reading };
  const keeper = new LeverageKeeper({ exchange: venue, clock: { monotonicMs: () => 0 }, inHand });
  const entry = (intent_id: string, leverage: number) => ({ intent_id, symbol: "ETHUSDT", leverage });
  expect(await keeper.ensure(entry("a", 5))).toBeUndefined();
  inHand.delete("a");
  expect(await keeper.ensure(entry("b", 20))).toBeString();
  expect([5, 10, 20].filter((leverage) => keeper.stands(entry("c", leverage)))).toEqual([]);
});
