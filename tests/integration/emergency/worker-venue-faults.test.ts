import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import type { faultScriptSchema } from "../../../lib/paper/faults/fault-script.ts";
import { compileRole } from "../../support/compile-role.ts";
import type { DaemonProcess } from "../../support/daemon-process.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { closings, openStage, restingOf, soundPanic, type WorkerStage } from "./worker-stage.ts";

const requestsSchema = z.object({ endpoints: z.record(z.string(), z.unknown()) });
type Rules = z.input<typeof faultScriptSchema>["rules"];

let folder = "";
let command: string[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "quantum-worker-binary-"));
  command = [await compileRole(folder, "emergency-exit-worker")];
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const CLOSE = { method: "POST", path: "/fapi/v1/order" } as const;
const POSITIONS = { method: "GET", path: "/fapi/v3/positionRisk" } as const;
const ORDERS = { method: "GET", path: "/fapi/v1/openOrders" } as const;
const CANCEL = { method: "DELETE" } as const;

/** What happens to the venue, and how many closing orders it executes until flat. */
const FAULTS: readonly (readonly [string, Rules, number])[] = [
  [
    "reading positions fails three times",
    [{ match: POSITIONS, count: 3, effect: { kind: "http", status: 502 } }],
    1,
  ],
  ["reading positions answers garbage", [{ match: POSITIONS, count: 2, effect: { kind: "garbage" } }], 1],
  [
    "reading orders fails three times",
    [{ match: ORDERS, count: 3, effect: { kind: "http", status: 500 } }],
    1,
  ],
  ["cancelling fails twice", [{ match: CANCEL, count: 2, effect: { kind: "http", status: 504 } }], 1],
  [
    "a close answers 503 unknown and was executed",
    [{ match: CLOSE, count: 1, effect: { kind: "unavailable", text: "unknown", executed: true } }],
    1,
  ],
  [
    "a close answers 503 unknown and was not executed",
    [{ match: CLOSE, count: 1, effect: { kind: "unavailable", text: "unknown" } }],
    1,
  ],
  ["a close's reply is lost", [{ match: CLOSE, count: 1, effect: { kind: "lost_reply" } }], 1],
  [
    "a close's request is lost, and no order can be asked for",
    [
      { match: CLOSE, count: 1, effect: { kind: "lost_request" } },
      { match: { method: "GET", path: "/fapi/v1/order" }, effect: { kind: "http", status: 502 } },
    ],
    1,
  ],
  [
    "a close's reply is lost, and no order can be asked for",
    [
      { match: CLOSE, count: 1, effect: { kind: "lost_reply" } },
      { match: { method: "GET", path: "/fapi/v1/order" }, effect: { kind: "http", status: 502 } },
    ],
    1,
  ],
  ["a close's request is lost", [{ match: CLOSE, count: 1, effect: { kind: "lost_request" } }], 1],
  [
    "a close arrives late, and its answer is lost",
    [{ match: CLOSE, count: 1, effect: { kind: "delayed_execution", ms: 200, reply: "unknown_503" } }],
    1,
  ],
  [
    "a close is called nothing to reduce (-2022)",
    [{ match: CLOSE, count: 1, effect: { kind: "error", code: -2022 } }],
    1,
  ],
  [
    "resting orders hold the size (-4118)",
    [{ match: CLOSE, count: 1, effect: { kind: "error", code: -4118 } }],
    1,
  ],
  [
    "the order limit is broken (429)",
    [{ match: CLOSE, count: 1, effect: { kind: "limited", status: 429, retryAfterSec: 1 } }],
    1,
  ],
  [
    "the venue is overloaded (-1008)",
    [{ match: CLOSE, count: 2, effect: { kind: "error", code: -1008 } }],
    1,
  ],
  ["the clock is refused (-1021)", [{ match: CLOSE, count: 2, effect: { kind: "error", code: -1021 } }], 1],
  [
    "a filter is not what it was (-4005)",
    [{ match: CLOSE, count: 1, effect: { kind: "error", code: -4005 } }],
    1,
  ],
  ["a close fills a part", [{ match: CLOSE, count: 1, effect: { kind: "partial_fill", fraction: 0.4 } }], 2],
];

describe("a panic ends flat, and closes once, when", () => {
  test.each(FAULTS)(
    "%s",
    async (_, rules, executions) => {
      await using stage = await openStage(command);
      await stage.open("ETHUSDT", "BUY", "0.5");
      await stage.protect("ETHUSDT", "SELL", "2900");
      await stage.paper.call("POST", "/fapi/v1/order", {
        ...{
          symbol: "ETHUSDT",
          side: "BUY",
          type: "LIMIT",
          timeInForce: "GTC",
          quantity: "0.1",
          price: "2900",
        },
      });
      await stage.start();
      await stage.paper.useFaults({ rules });
      const eventId = await stage.panic();
      const completion = await stage.end(eventId);
      expect(completion).toMatchObject({ status: "flat", positions_total: 1, positions_closed: 1 });
      const sight = await stage.venue();
      expect(sight.positions).toEqual([]);
      expect(restingOf(sight)).toEqual({ plain: 0, conditional: 0 });
      expect(closings(sight)).toEqual({ "ETHUSDT BOTH": executions });
      expect((await stage.completions()).filter(({ status }) => status === "flat")).toHaveLength(1);
    },
    120_000,
  );
});

describe("an order that could not be cancelled in time", () => {
  test("and refills the position after its close is cancelled, and the position closed again", async () => {
    await using stage = await openStage(command);
    await stage.open("ETHUSDT", "BUY", "0.5");
    const resting = { symbol: "ETHUSDT", side: "BUY", type: "LIMIT", timeInForce: "GTC" };
    for (const price of ["2990", "2900"]) {
      await stage.paper.call("POST", "/fapi/v1/order", { ...resting, quantity: "0.2", price });
    }
    await stage.start({ RECV_WINDOW_MS: "2000" });
    await stage.paper.useFaults({
      rules: [
        {
          match: { ...CANCEL, path: "/fapi/v1/allOpenOrders" },
          count: 1,
          effect: { kind: "http", status: 502 },
        },
      ],
    });
    const eventId = await stage.panic();
    await waitUntil("it is closed once", async () => (await stage.venue()).positions.length === 0, {
      everyMs: 1,
    });
    await stage.paper.setPrice("ETHUSDT", "2980");
    expect(await stage.end(eventId)).toMatchObject({ status: "flat" });
    const sight = await stage.venue();
    expect(sight.positions).toEqual([]);
    expect(restingOf(sight)).toEqual({ plain: 0, conditional: 0 });
    const bought = sight.orders.filter(({ side, executedQty }) => side === "BUY" && Number(executedQty) > 0);
    expect(Object.values(closings(sight))).toEqual([bought.length]);
  }, 120_000);
});

describe("a venue that takes seconds to list orders", () => {
  test("does not hold up the closes", async () => {
    await using stage = await openStage(command);
    await stage.open("ETHUSDT", "BUY", "0.5");
    await stage.paper.useFaults({
      rules: [{ match: ORDERS, count: 1, effect: { kind: "latency", ms: 9000 } }],
    });
    await stage.start({ REQUEST_TIMEOUT_MS: "20000" });
    const eventId = await stage.panic();
    const startedMs = performance.now();
    await waitUntil("it is closed", async () => (await stage.venue()).positions.length === 0);
    expect(performance.now() - startedMs).toBeLessThan(8500);
    expect(await stage.end(eventId)).toMatchObject({ status: "flat", positions_closed: 1 });
  }, 120_000);
});

describe("a start with a panic to run", () => {
  test.each(["/fapi/v1/exchangeInfo", "/fapi/v1/positionSide/dual"])(
    "closes while %s hangs, which no close needs",
    async (path) => {
      await using stage = await openStage(command);
      await stage.open("ETHUSDT", "BUY", "0.5");
      const hangs = { match: { method: "GET", path }, effect: { kind: "latency", ms: 30_000 } } as const;
      await stage.paper.useFaults({ rules: [hangs] });
      await stage.panic();
      const startedMs = performance.now();
      await stage.start({ REQUEST_TIMEOUT_MS: "20000" }, "waiting");
      await waitUntil("it is closed", async () => (await stage.venue()).positions.length === 0);
      expect(performance.now() - startedMs).toBeLessThan(10_000);
    },
    120_000,
  );
});

/** The worker knows what is open. */
async function untilTold(stage: WorkerStage, worker: DaemonProcess): Promise<void> {
  await waitUntil("the worker was told what is open", async () => {
    const { endpoints } = requestsSchema.parse(await stage.paper.read("requests"));
    return ["/fapi/v3/positionRisk", "/fapi/v1/premiumIndex", "/fapi/v1/time"].every(
      (path) => `GET ${path}` in endpoints,
    );
  });
  // What has reached it before it is asked something is read when it has answered.
  for (const _time of [1, 2]) await fetch(`${await worker.url()}/healthz`);
}

describe("a panic that cannot get flat", () => {
  test.concurrent("says after 10 s which symbols are open, goes on, and says flat once it is", async () => {
    await using stage = await openStage(command);
    await stage.open("ETHUSDT", "BUY", "0.5");
    await stage.open("BTCUSDT", "BUY", "0.05");
    await stage.protect("ETHUSDT", "SELL", "2900");
    await stage.start();
    await stage.paper.useFaults({
      rules: [{ match: { ...CLOSE, symbol: "ETHUSDT" }, effect: { kind: "error", code: -4131 } }],
    });
    const eventId = await stage.panic();
    const joined = await stage.panic();
    const failed = await waitUntil(
      "it is said to have failed",
      async () =>
        (await stage.completions()).filter(({ status }) => status === "failed").length === 2 &&
        (await stage.completions())[0],
    );
    expect(failed).toMatchObject({
      event_id: eventId,
      positions_total: 2,
      positions_closed: 1,
      positions_failed: 1,
    });
    expect(failed.failed_symbols).toEqual(["ETHUSDT"]);
    expect(failed.results.find(({ symbol }) => symbol === "ETHUSDT")?.error).toContain("-4131");
    expect(failed.execution_time_ms).toBeGreaterThanOrEqual(10_000);
    expect(restingOf(await stage.venue())).toEqual({ plain: 0, conditional: 1 });
    expect(await stage.pending()).toBe(2);
    await stage.paper.clearFaults();
    expect(await stage.end(eventId)).toMatchObject({
      status: "flat",
      positions_closed: 2,
      failed_symbols: [],
    });
    expect(await stage.end(joined)).toMatchObject({ status: "joined", positions_closed: 2 });
    expect(await stage.completions()).toHaveLength(4);
    await waitUntil("both are acknowledged", async () => (await stage.pending()) === 0);
  }, 120_000);

  test.concurrent("because positions are unreadable never says that there are none", async () => {
    await using stage = await openStage(command);
    await stage.open("ETHUSDT", "BUY", "0.5");
    await stage.paper.useFaults({ rules: [{ match: POSITIONS, effect: { kind: "http", status: 502 } }] });
    await stage.start();
    await stage.panic();
    const failed = await waitUntil("it is said to have failed", async () => (await stage.completions())[0]);
    expect(failed).toMatchObject({
      status: "failed",
      positions_total: 1,
      positions_failed: 1,
      failed_symbols: ["*"],
    });
    expect(failed.detail).toContain("positions unreadable");
  }, 120_000);

  test.concurrent("because of its credentials names the symbols, leaves the stops, and ends with 76; goes on when started", async () => {
    await using stage = await openStage(command);
    await stage.open("ETHUSDT", "BUY", "0.5");
    await stage.protect("ETHUSDT", "SELL", "2900");
    const worker = await stage.start();
    await untilTold(stage, worker);
    await stage.paper.admin("POST", "credentials", { forbidden: true });
    const eventId = await stage.panic();
    expect(await worker.exited).toBe(76);
    const [failed] = await stage.completions();
    expect(failed).toMatchObject({ status: "failed", failed_symbols: ["ETHUSDT"], positions_failed: 1 });
    expect(failed?.detail).toContain("-2015");
    await stage.paper.admin("POST", "credentials", { forbidden: false });
    expect(restingOf(await stage.venue())).toEqual({ plain: 0, conditional: 1 });
    await stage.start();
    expect(await stage.end(eventId)).toMatchObject({ status: "flat", positions_closed: 1 });
    expect((await stage.completions()).map(({ status }) => status)).toEqual(["failed", "flat"]);
  }, 120_000);
});

describe("a venue that cannot be reached", () => {
  test("does not keep entries from being halted; positions are closed when it returns", async () => {
    await using stage = await openStage(command);
    await stage.open("ETHUSDT", "BUY", "0.5");
    await stage.start();
    await stage.paper.useFaults({ rules: [{ effect: { kind: "lost_request" } }] });
    const panic = soundPanic();
    await stage.callSocket(panic);
    await waitUntil("entries are halted", async () => (await stage.trading())["halted"] === "true");
    expect((await stage.venue()).positions).toHaveLength(1);
    await stage.paper.clearFaults();
    expect(await stage.end(panic.event_id)).toMatchObject({ status: "flat", positions_closed: 1 });
  }, 120_000);

  test("at the worker's start neither: the panic runs as soon as it answers", async () => {
    await using stage = await openStage(command);
    await stage.open("ETHUSDT", "BUY", "0.5");
    await stage.paper.useFaults({ rules: [{ effect: { kind: "lost_request" } }] });
    await stage.start({}, "waiting");
    const eventId = await stage.panic();
    await waitUntil("entries are halted", async () => (await stage.trading())["halted"] === "true");
    await stage.paper.clearFaults();
    expect(await stage.end(eventId)).toMatchObject({ status: "flat", positions_closed: 1 });
  }, 120_000);
});
