import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { z } from "zod";
import { classifyOutcome } from "../../../lib/exchange/classify-outcome.ts";
import type { Exchange } from "../../../lib/exchange/exchange.ts";
import { type Desk, openDesk, soundIntent } from "../../support/execution-desk.ts";

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk({ settings: { PAPER_ORDER_LIMIT_10S: 1_000_000, PAPER_ORDER_LIMIT_1M: 1_000_000 } });
});
afterAll(async () => await desk[Symbol.asyncDispose]());
beforeEach(async () => {
  const { client, keys } = desk.server;
  await desk.paper.admin("POST", "reset", {});
  await desk.paper.clearFaults();
  await desk.paper.setPrice("ETHUSDT", "3000");
  await client.command(["DEL", keys.safeMode, keys.tradingState, `${keys.positionPlanPrefix}ETHUSDT`]);
  await client.command(["SET", keys.kill, "0"]);
});

const positionsSchema = z.object({
  positions: z.array(z.looseObject({ symbol: z.string(), positionAmt: z.string() })),
});

async function open(quantity = "0.2", side: "BUY" | "SELL" = "BUY"): Promise<void> {
  const reply = await desk.paper.call("POST", "/fapi/v1/order", {
    symbol: "ETHUSDT",
    side,
    type: "MARKET",
    quantity,
  });
  expect(reply.status).toBe(200);
}

async function position(): Promise<number> {
  const { positions } = positionsSchema.parse(await desk.paper.read("state"));
  return positions
    .filter((one) => one.symbol === "ETHUSDT")
    .reduce((sum, one) => sum + Number(one.positionAmt), 0);
}

async function exit(change: object = {}) {
  const intent = soundIntent({ action: "CLOSE", reduce_only: true, quantity: null, ...change });
  const handled = await desk.handle(await desk.publish(intent, "exit"), "exit");
  return { handled, result: (await desk.results()).at(-1) };
}

const fault = (path: string, method: string, effect: object, count = 1) =>
  desk.paper.admin("POST", "faults", { rules: [{ match: { method, path }, count, effect }] });

test("an exit does not take a reading that lags the fill for a closed position", async () => {
  await open();
  const { exchange, keys } = desk.parts;
  const openedAtMs = Math.floor(exchange.serverNowMs());
  await desk.server.client.command([
    "HSET",
    `${keys.positionPlanPrefix}ETHUSDT`,
    "opened_at",
    String(openedAtMs),
  ]);
  let reads = 0;
  const positions: typeof exchange.positions = (...of) => {
    reads += 1;
    return reads === 1 ? Promise.resolve({ ok: true, value: [] }) : exchange.positions(...of);
  };
  const { result } = await desk.withParts({ exchange: { ...exchange, positions } }, () => exit());
  expect(result).toMatchObject({ status: "filled", action: "CLOSE" });
  expect(await position()).toBe(0);
}, 20_000);

test("an exit that waits for a reading to catch up leaves alone what is opened meanwhile", async () => {
  const { exchange, keys } = desk.parts;
  const plan = `${keys.positionPlanPrefix}ETHUSDT`;
  const opened = (atMs: number) =>
    desk.server.client.command(["HSET", plan, "opened_at", String(Math.floor(atMs))]);
  await opened(exchange.serverNowMs());
  let reads = 0;
  const positions: typeof exchange.positions = async (...of) => {
    reads += 1;
    if (reads === 2) {
      await open();
      await opened(exchange.serverNowMs() + 1);
    }
    return exchange.positions(...of);
  };
  const { result } = await desk.withParts({ exchange: { ...exchange, positions } }, () => exit());
  expect(result?.reason).toStartWith("POSITION_CHANGED");
  expect(await position()).toBe(0.2);
}, 20_000);

describe("an exit passes", () => {
  test.each([
    ["the kill switch", ["DEL", "quantum:kill"]],
    ["a halt", ["HSET", "system:state:trading", "halted", "true"]],
    ["safe mode", ["SET", "quantum:safety:safe_mode", "1"]],
  ] as const)("%s", async (_name, command) => {
    await open();
    await desk.server.client.command(command);
    expect((await exit()).result).toMatchObject({ status: "filled", action: "CLOSE" });
    expect(await position()).toBe(0);
  });

  test("its own age, its lack of a stop, and everything else that an entry must have", async () => {
    await open();
    const bare = {
      ts_ms: Date.now() - 86_400_000,
      stop_loss: null,
      take_profit: null,
      entry_price: null,
      model: "",
    };
    expect((await exit(bare)).result?.status).toBe("filled");
    expect(await position()).toBe(0);
  });

  test("credentials that were refused before", async () => {
    await open();
    desk.parts.credentialsRefused(true);
    expect((await exit()).result?.status).toBe("filled");
    expect(desk.credentialsRefused()).toBe(false);
  });
});

describe("an exit only reduces", () => {
  test("and is clamped to the position", async () => {
    await open("0.2", "SELL");
    expect((await exit({ action: "BUY", quantity: "5" })).result).toMatchObject({
      status: "filled",
      quantity: "0.2",
    });
    expect(await position()).toBe(0);
  });

  test("so there is nothing to do without a position", async () => {
    const { result } = await exit();
    expect(result).toMatchObject({ status: "rejected" });
    expect(result?.reason).toStartWith("NOTHING_TO_REDUCE");
  });

  test("and is sent even when positions cannot be read: the venue itself lets it only reduce", async () => {
    await open();
    await fault("/fapi/v3/positionRisk", "GET", { kind: "http", status: 500 }, 1000);
    expect((await exit({ action: "SELL", quantity: "0.2" })).result?.status).toBe("filled");
    expect(await position()).toBe(0);
    const { result } = await exit({ action: "SELL", quantity: "0.2" });
    expect(result?.reason).toStartWith("NOTHING_TO_REDUCE");
    expect(await position()).toBe(0);
  });

  test("not a position that was opened after the one it was meant for", async () => {
    await open();
    const { client, keys } = desk.server;
    await client.command(["HSET", `${keys.positionPlanPrefix}ETHUSDT`, "opened_at", "2000"]);
    const { result } = await exit({ opened_at_ms: 1000 });
    expect(result?.reason).toStartWith("POSITION_CHANGED");
    expect(await position()).toBe(0.2);
    expect((await exit({ opened_at_ms: 2000 })).result?.status).toBe("filled");
  });

  test("and is sent when what it was meant for cannot be read", async () => {
    await open();
    const { client, keys } = desk.server;
    await client.command(["DEL", `${keys.positionPlanPrefix}ETHUSDT`]);
    await client.command(["SET", `${keys.positionPlanPrefix}ETHUSDT`, "no hash"]);
    expect((await exit({ opened_at_ms: 1000 })).result?.status).toBe("filled");
    expect(await position()).toBe(0);
  });

  test("and is sent when the plan does not say when its position was opened", async () => {
    await open();
    const { client, keys } = desk.server;
    await client.command(["HSET", `${keys.positionPlanPrefix}ETHUSDT`, "opened_at", "yesterday"]);
    expect((await exit({ opened_at_ms: 1000 })).result?.status).toBe("filled");
    expect(await position()).toBe(0);
  });
});

describe("an exit that waited for more than a second is proved again", () => {
  /** What the refusals of a planned exit leave in doubt is waited out: on the desk's own window, for 20 s. */
  const recvWindowMs = 500;

  test.each([
    ["by the time that it names", 1000],
    ["though it names none", null],
  ])(
    "and leaves alone what was opened by hand meanwhile, %s",
    async (_by, meantMs) => {
      await open();
      const { client, keys } = desk.server;
      const opened = (at: string) =>
        client.command(["HSET", `${keys.positionPlanPrefix}ETHUSDT`, "opened_at", at, "side", "LONG"]);
      await opened("1000");
      await fault("/fapi/v1/order", "POST", { kind: "error", code: -1008 }, 1000);
      let exchanged: Promise<unknown> | undefined;
      const { exchange } = desk.parts;
      const exchangePosition = async () => {
        await desk.paper.clearFaults();
        await open("0.2", "SELL");
        await open("0.3");
        await opened("2000");
        await fault("/fapi/v1/order", "POST", { kind: "error", code: -1008 }, 3);
      };
      const submitOrder: typeof exchange.submitOrder = async (...order) => {
        const outcome = await exchange.submitOrder(...order);
        exchanged ??= exchangePosition();
        await exchanged;
        return outcome;
      };
      const { result } = await desk.withParts({ recvWindowMs, exchange: { ...exchange, submitOrder } }, () =>
        exit({ opened_at_ms: meantMs }),
      );
      expect(result?.reason).toStartWith("POSITION_CHANGED");
      expect(await position()).toBe(0.3);
    },
    120_000,
  );

  /** The venue is overloaded for a while, and answers the second reading of positions, and each later one, with 500. */
  const exitOfLostReadings = async (change: object, meanwhile: () => Promise<unknown>) => {
    await fault("/fapi/v1/order", "POST", { kind: "error", code: -1008 }, 4);
    const { exchange } = desk.parts;
    let reads = 0;
    const positions: typeof exchange.positions = async (...of) => {
      reads += 1;
      if (reads === 2) {
        await meanwhile();
        await fault("/fapi/v3/positionRisk", "GET", { kind: "http", status: 500 }, 1000);
      }
      return exchange.positions(...of);
    };
    const { result } = await desk.withParts({ recvWindowMs, exchange: { ...exchange, positions } }, () =>
      exit(change),
    );
    expect(reads).toBeGreaterThan(1);
    return result;
  };

  test("and goes by its former proof where positions cannot be read", async () => {
    await open();
    const result = await exitOfLostReadings({}, () => Promise.resolve());
    expect(result).toMatchObject({ status: "filled" });
    expect(await position()).toBe(0);
  }, 120_000);

  test("and does not where the plan tells of a later position", async () => {
    await open();
    const { client, keys } = desk.server;
    const opened = (at: string) =>
      client.command(["HSET", `${keys.positionPlanPrefix}ETHUSDT`, "opened_at", at]);
    await opened("1000");
    const result = await exitOfLostReadings({ opened_at_ms: 1000 }, () => opened("2000"));
    expect(result?.reason).toStartWith("POSITION_CHANGED");
    expect(await position()).toBe(0.2);
  }, 120_000);
});

describe("an exit is not given up", () => {
  test("when the venue says to wait", async () => {
    await open();
    await fault("/fapi/v1/order", "POST", { kind: "limited", status: 429, retryAfterSec: 1 });
    expect((await exit()).result?.status).toBe("filled");
    expect(await position()).toBe(0);
  });

  test("when the venue is overloaded for longer than an entry would try", async () => {
    await open();
    await fault("/fapi/v1/order", "POST", { kind: "error", code: -1008 }, 5);
    expect((await exit()).result?.status).toBe("filled");
    expect(await position()).toBe(0);
  }, 120_000);

  test("when the venue finds nothing to reduce, once, and the position is open all the same", async () => {
    await open();
    await fault("/fapi/v1/order", "POST", { kind: "error", code: -2022 });
    expect((await exit()).result).toMatchObject({ status: "filled", quantity: "0.2" });
    expect(await position()).toBe(0);
  });

  test.each([
    ["finds nothing to reduce", -2022],
    ["says that resting orders hold the size", -4118],
    ["says that it is in the other position mode", -4061],
  ])("when the venue was overloaded for long before it %s", async (_says, code) => {
    await open();
    const match = { method: "POST", path: "/fapi/v1/order" };
    const rules = [
      { match, count: 4, effect: { kind: "error", code: -1008 } },
      { match, count: 1, effect: { kind: "error", code } },
    ];
    await desk.paper.admin("POST", "faults", { rules });
    const { clock } = desk.parts;
    const sleep: typeof clock.sleep = (ms, signal) => clock.sleep(Math.min(ms, 10), signal);
    const { result } = await desk.withParts({ clock: { ...clock, sleep } }, () => exit());
    expect(result).toMatchObject({ status: "filled", quantity: "0.2" });
    expect(await position()).toBe(0);
  });

  test("when the first reading of positions fails", async () => {
    await open();
    await fault("/fapi/v3/positionRisk", "GET", { kind: "http", status: 500 }, 2);
    expect((await exit()).result?.status).toBe("filled");
    expect(await position()).toBe(0);
  });

  test("when resting reduce-only orders hold the size: they are cancelled first", async () => {
    await open();
    const resting = {
      symbol: "ETHUSDT",
      side: "SELL",
      type: "LIMIT",
      quantity: "0.2",
      price: "3100",
      timeInForce: "GTC",
    };
    const placed = await desk.paper.call("POST", "/fapi/v1/order", { ...resting, reduceOnly: true });
    expect(placed.status).toBe(200);
    await fault("/fapi/v1/order", "POST", { kind: "error", code: -4118 });
    expect((await exit()).result?.status).toBe("filled");
    expect(await position()).toBe(0);
  });
});

test.each([
  ["cancelling what holds the size", -4118],
  ["reading the account's position mode", -4061],
])("an exit is not given up when %s fails, too, for a second", async (_what, code) => {
  await open();
  const { exchange, clock } = desk.parts;
  const unavailable = {
    kind: "reply",
    status: 503,
    body: "Service Unavailable.",
    retryAfter: null,
  } as const;
  const outcome = classifyOutcome({ method: "GET", answer: unavailable, nowMs: 0 });
  const beganMs = clock.monotonicMs();
  const isDown = () => clock.monotonicMs() - beganMs < 1000;
  let helped = false;
  const help = <T>(ask: () => Promise<T>) => {
    helped = !isDown();
    return helped ? ask() : Promise.resolve({ ok: false, outcome } as const);
  };
  const body = JSON.stringify({ code, msg: "" });
  const refusal = { kind: "reply", status: 400, body, retryAfter: null } as const;
  const venue: Partial<Exchange> = {
    cancelAll: (symbol) => help(() => exchange.cancelAll(symbol)),
    probe: () => help(() => exchange.probe()),
    submitOrder: async (...order) =>
      helped
        ? exchange.submitOrder(...order)
        : {
            phase: "rejected",
            retryable: false,
            outcome: classifyOutcome({ method: "POST", answer: refusal, nowMs: 0 }),
          },
  };
  const { result } = await desk.withParts({ exchange: { ...exchange, ...venue } }, () => exit());
  expect(result).toMatchObject({ status: "filled", quantity: "0.2" });
  expect(await position()).toBe(0);
});

test("an exit that closed the position ends filled, although copies of its request were refused until it was gone", async () => {
  await open();
  // The back-off outlasts the plan, which is then made anew of a position that is not there any more.
  await fault("/fapi/v1/order", "POST", { kind: "error", code: -1008, executed: true }, 3);
  expect((await exit()).result).toMatchObject({ status: "filled", action: "CLOSE", quantity: "0.2" });
  expect(await position()).toBe(0);
}, 20_000);

test("an exit of which a late copy was refused for its timestamp leaves alone what was opened after it", async () => {
  await open();
  await fault("/fapi/v1/order", "POST", { kind: "error", code: -1021, executed: true });
  const { exchange } = desk.parts;
  let opened: Promise<void> | undefined;
  const submitOrder: typeof exchange.submitOrder = async (...order) => {
    const outcome = await exchange.submitOrder(...order);
    opened ??= open("0.3");
    await opened;
    return outcome;
  };
  const { result } = await desk.withParts({ exchange: { ...exchange, submitOrder } }, () => exit());
  expect(result).toMatchObject({ status: "filled", action: "CLOSE", quantity: "0.2" });
  expect(await position()).toBe(0.3);
}, 60_000);
