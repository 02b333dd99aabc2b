import { afterAll, beforeAll, expect, test } from "bun:test";
import { classifyOutcome } from "../../../lib/exchange/classify-outcome.ts";
import type { Exchange } from "../../../lib/exchange/exchange.ts";
import { summariseFills } from "../../../lib/exchange/summarise-fills.ts";
import { type Desk, openDesk, soundIntent } from "../../support/execution-desk.ts";
import { type KeptLog, keptLog } from "../../support/quiet-log.ts";

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk();
});
afterAll(() => desk[Symbol.asyncDispose]());

interface Trade {
  readonly intent: object;
  readonly lane?: "entry" | "exit";
  readonly protectiveStop?: "exchange" | "none";
}

/** Handles an intent at a venue that is this one but for `change`, on a clock that only waiting moves. */
async function trade(
  { intent, lane = "entry", protectiveStop = "none" }: Trade,
  change: (waitedMs: () => number) => Partial<Exchange>,
) {
  let nowMs = 0;
  const clock = {
    monotonicMs: () => nowMs,
    sleep: async (ms: number) => {
      nowMs += ms;
      await Bun.sleep(0);
    },
  };
  const log: KeptLog = keptLog();
  // Read before, for it must not lose its race against a clock that does not wait.
  const positions = await desk.parts.exchange.positions("ETHUSDT");
  const exchange = { ...desk.parts.exchange, positions: async () => positions, ...change(() => nowMs) };
  const rules = { ...desk.parts.rules, protectiveStop };
  const entry = await desk.publish(intent, lane);
  await desk.withParts({ exchange, rules, clock, log }, () => desk.handle(entry, lane));
  const result = (await desk.results()).at(-1);
  const told = log.lines.filter(({ message }) => message === "TRADES_MISSING").length;
  return { result, waitedMs: nowMs, told };
}

const noTrades: Exchange["fillsOf"] = async () => ({ ok: true, value: summariseFills([], () => undefined) });

/** The order as the venue has it, with this average price. */
function pricedAt(averagePrice: () => string): Exchange["queryOrder"] {
  return async (...query) => {
    const answer = await desk.parts.exchange.queryOrder(...query);
    if (answer.kind !== "found") return answer;
    return { ...answer, order: { ...answer.order, averagePrice: averagePrice() } };
  };
}

test.each(["entry", "exit"] as const)(
  "%s: an order of which the venue lists no trades is booked by its own price after 30 s, and the result says so",
  async (lane) => {
    if (lane === "exit") await desk.handle(await desk.publish(soundIntent()));
    const intent = soundIntent(
      lane === "exit" ? { action: "CLOSE", reduce_only: true, quantity: "0.1" } : {},
    );
    const venue = { fillsOf: noTrades, queryOrder: pricedAt(() => "3001.50") };
    const { result, waitedMs, told } = await trade({ intent, lane }, () => venue);
    expect(result).toMatchObject({ status: "filled", entry_price: "3001.5", quantity: "0.1", fee_usd: "0" });
    expect(Number(result?.position_size_usd)).toBe(300.15);
    expect(result?.reason).toStartWith("TRADES_MISSING");
    expect(waitedMs).toBeGreaterThanOrEqual(30_000);
    expect(waitedMs).toBeLessThan(40_000);
    expect(told).toBe(1);
  },
);

test("the price of another order, which has taken its client id over, is none of its own", async () => {
  const { result } = await trade({ intent: soundIntent() }, (waited) => ({
    fillsOf: noTrades,
    queryOrder: async (...query) => {
      const answer = await pricedAt(() => (waited() < 60_000 ? "1" : "2999"))(...query);
      if (answer.kind !== "found" || waited() >= 60_000) return answer;
      return { ...answer, order: { ...answer.order, orderId: "another" } };
    },
  }));
  expect(Number(result?.entry_price)).toBeGreaterThan(2990);
});

test("an order that the venue says less of than it has executed is not booked by that", async () => {
  const { result, waitedMs } = await trade({ intent: soundIntent() }, (waited) => ({
    fillsOf: noTrades,
    queryOrder: async (...query) => {
      const answer = await desk.parts.exchange.queryOrder(...query);
      if (answer.kind !== "found" || waited() > 60_000) return answer;
      return { ...answer, order: { ...answer.order, executedQuantity: "0.04" } };
    },
  }));
  expect(result).toMatchObject({ status: "filled", quantity: "0.1" });
  expect(waitedMs).toBeGreaterThan(60_000);
});

test("where the order has no price either it stays in doubt, and is asked about every few seconds", async () => {
  let asked = 0;
  const { result, waitedMs, told } = await trade({ intent: soundIntent() }, (waited) => ({
    fillsOf: (...order) => {
      asked += 1;
      return noTrades(...order);
    },
    queryOrder: pricedAt(() => (waited() < 600_000 ? "0.00000" : "2999")),
  }));
  expect(result).toMatchObject({ status: "filled", entry_price: "2999" });
  expect(waitedMs).toBeGreaterThanOrEqual(600_000);
  expect(asked).toBeLessThan(170);
  expect(told).toBe(1);
});

test("trades that the venue lists late, within the 30 s, are what it is booked by", async () => {
  const { result, told } = await trade({ intent: soundIntent() }, (waited) => ({
    fillsOf: (...order) => (waited() < 25_000 ? noTrades(...order) : desk.parts.exchange.fillsOf(...order)),
    queryOrder: pricedAt(() => "1"),
  }));
  expect(result?.reason).toBeUndefined();
  expect(Number(result?.entry_price)).toBeGreaterThan(2990);
  expect(Number(result?.fee_usd)).toBeGreaterThan(0);
  expect(told).toBe(0);
});

test("a position beyond its stop is closed without waiting for the trades that opened it", async () => {
  const answer = { kind: "reply", status: 400, body: '{"code":-2021,"msg":""}', retryAfter: null } as const;
  const outcome = classifyOutcome({ method: "POST", answer, nowMs: 0 });
  const venue: Partial<Exchange> = {
    ...{ fillsOf: noTrades, queryOrder: pricedAt(() => "3001.50") },
    placeAlgoOrder: async () => ({ phase: "rejected", retryable: false, outcome }),
  };
  const traded = { intent: soundIntent(), protectiveStop: "exchange" as const };
  const { result, waitedMs } = await trade(traded, () => venue);
  expect(result?.reason).toStartWith("TRADES_MISSING");
  expect(waitedMs).toBeLessThan(3000);
});

test("nor does it wait for the share of the budget that entries may spend", async () => {
  const spent = { kind: "fault", fault: "WITHHELD", message: "the request budget is spent" } as const;
  const withheld = classifyOutcome({ method: "GET", answer: { ...spent, retryAfterMs: 50_000 }, nowMs: 0 });
  const refusal = { kind: "reply", status: 400, body: '{"code":-2021,"msg":""}', retryAfter: null } as const;
  const outcome = classifyOutcome({ method: "POST", answer: refusal, nowMs: 0 });
  const traded = { intent: soundIntent(), protectiveStop: "exchange" as const };
  // Until the minute is over entries may not ask for anything; exits may.
  const { result, waitedMs } = await trade(traded, (waited) => ({
    fillsOf: async (symbol, orderId, kind) =>
      kind === "entry" && waited() < 50_000
        ? { ok: false, outcome: withheld }
        : desk.parts.exchange.fillsOf(symbol, orderId, kind),
    queryOrder: async (symbol, id, kind) =>
      kind === "entry" && waited() < 50_000
        ? { kind: "unknown", outcome: withheld }
        : desk.parts.exchange.queryOrder(symbol, id, kind),
    placeAlgoOrder: async () => ({ phase: "rejected", retryable: false, outcome }),
    submitOrder: async (...order) => {
      const sent = await desk.parts.exchange.submitOrder(...order);
      // As the venue's order replies are by now: without an average price.
      return sent.phase === "accepted" ? { ...sent, order: { ...sent.order, averagePrice: null } } : sent;
    },
  }));
  expect(result).toMatchObject({ status: "filled" });
  expect(waitedMs).toBeLessThan(3000);
});

test("a stop that the venue does not take at once is tried again while the trades are waited for", async () => {
  const answer = { kind: "reply", status: 503, body: "Service Unavailable.", retryAfter: null } as const;
  const outcome = classifyOutcome({ method: "POST", answer, nowMs: 0 });
  let rests = false;
  let asked = 0;
  const traded = { intent: soundIntent(), protectiveStop: "exchange" as const };
  await trade(traded, (waited) => ({
    fillsOf: async (...order) => {
      asked += 1;
      await Bun.sleep(20);
      return rests || asked > 100 ? desk.parts.exchange.fillsOf(...order) : noTrades(...order);
    },
    queryOrder: pricedAt(() => "0"),
    openAlgoOrders: async () => ({ ok: true, value: [] }),
    placeAlgoOrder: async (...order) => {
      if (waited() < 6000) return { phase: "rejected", retryable: true, outcome };
      await desk.parts.exchange.cancelAllAlgo("ETHUSDT");
      const placed = await desk.parts.exchange.placeAlgoOrder(...order);
      rests = placed.phase === "accepted";
      return placed;
    },
  }));
  expect({ rests, asked }).toMatchObject({ rests: true });
  expect(asked).toBeLessThan(100);
});

test("the rest of an exit that filled in part can be closed without waiting for its trades", async () => {
  await desk.handle(await desk.publish(soundIntent()));
  const submitOrder: Exchange["submitOrder"] = async (...order) => {
    const sent = await desk.parts.exchange.submitOrder(...order);
    if (sent.phase !== "accepted") return sent;
    return { ...sent, order: { ...sent.order, status: "EXPIRED", executedQuantity: "0.04" } };
  };
  const venue = { fillsOf: noTrades, queryOrder: pricedAt(() => "3001.50"), submitOrder };
  const intent = soundIntent({ action: "CLOSE", reduce_only: true, quantity: "0.1" });
  const { result, waitedMs } = await trade({ intent, lane: "exit" }, () => venue);
  expect(result).toMatchObject({ status: "partial" });
  expect(waitedMs).toBeLessThan(3000);
});

test("a fee in an asset whose price the venue does not say is not told as none", async () => {
  const { exchange } = desk.parts;
  const inBnb: Exchange["fillsOf"] = async (...order) => {
    const fills = await exchange.fillsOf(...order);
    if (!fills.ok) return fills;
    const { quantity, quoteUsd: quoteQty, averagePrice } = fills.value;
    const trade = {
      ...{
        symbol: "ETHUSDT",
        id: "1",
        orderId: order[1],
        price: averagePrice ?? "",
        qty: quantity,
        quoteQty,
      },
      ...{ realizedPnl: "0", commission: "0.0004", commissionAsset: "BNB", time: Date.now() },
    };
    return { ok: true, value: summariseFills([trade], () => undefined) };
  };
  const { result } = await trade({ intent: soundIntent() }, () => ({ fillsOf: inBnb }));
  expect(result).toMatchObject({ status: "filled", fee_usd: "0" });
  expect(result?.reason).toBe("FEE_UNPRICED: what was paid in BNB is not in fee_usd");
});
