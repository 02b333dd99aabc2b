/** What the worker does of a panic while it can read a part of the venue only. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compileRole } from "../../support/compile-role.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { closings, openStage, restingOf, type WorkerStage } from "./worker-stage.ts";

let folder = "";
let command: string[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "quantum-worker-binary-"));
  command = [await compileRole(folder, "emergency-exit-worker")];
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

const PLAIN = { method: "GET", path: "/fapi/v1/openOrders" } as const;
const CONDITIONAL = { method: "GET", path: "/fapi/v1/openAlgoOrders" } as const;
const POSITIONS = { method: "GET", path: "/fapi/v3/positionRisk" } as const;
const LIMIT = { symbol: "ETHUSDT", type: "LIMIT", timeInForce: "GTC" };
const HOLDS_ALL = { ...LIMIT, side: "SELL", reduceOnly: true, quantity: "0.5", price: "3100" };

/** A panic over a position, whose readings are as the fault says until the test is done with it. */
async function panicWith(
  stage: WorkerStage,
  rule: Parameters<WorkerStage["paper"]["useFaults"]>[0]["rules"],
): Promise<string> {
  await stage.start();
  await stage.paper.useFaults({ rules: rule });
  return stage.panic();
}

/** Closed, and nothing plain rests; but that it is flat is not said before it can be read. */
async function endsOnceReadable(stage: WorkerStage, eventId: string): Promise<void> {
  await waitUntil("it is closed and cancelled", async () => {
    const sight = await stage.venue();
    return sight.positions.length === 0 && restingOf(sight).plain === 0;
  });
  expect((await stage.completions()).filter(({ status }) => status === "flat")).toEqual([]);
  await stage.paper.clearFaults();
  expect(await stage.end(eventId)).toMatchObject({ status: "flat", positions_closed: 1 });
  const sight = await stage.venue();
  expect([closings(sight), restingOf(sight)]).toEqual([{ "ETHUSDT BOTH": 1 }, { plain: 0, conditional: 0 }]);
}

test.concurrent.each([
  ["conditional", CONDITIONAL],
  ["plain", PLAIN],
])(
  "a position whose size a resting order holds is closed though %s orders cannot be read",
  async (_name, match) => {
    await using stage = await openStage(command);
    await stage.open("ETHUSDT", "BUY", "0.5");
    await stage.protect("ETHUSDT", "SELL", "2900");
    const resting = [HOLDS_ALL, { ...LIMIT, side: "BUY", quantity: "0.2", price: "2990" }];
    for (const order of resting)
      expect((await stage.paper.call("POST", "/fapi/v1/order", order)).status).toBe(200);
    const eventId = await panicWith(stage, [{ match, effect: { kind: "http", status: 500 } }]);
    await endsOnceReadable(stage, eventId);
  },
  120_000,
);

const row = (change: object) => ({
  ...{ symbol: "BTCUSDT", positionSide: "BOTH", positionAmt: "0", entryPrice: "3000", markPrice: "3000" },
  ...{ unRealizedProfit: "0", updateTime: 1, ...change },
});

test.concurrent("a position is closed though another's row cannot be read, and the panic goes on until it can", async () => {
  await using stage = await openStage(command);
  await stage.open("ETHUSDT", "BUY", "0.5");
  const body = JSON.stringify([row({ symbol: "ETHUSDT", positionAmt: "0.5" }), row({ positionAmt: "?" })]);
  const eventId = await panicWith(stage, [
    { match: POSITIONS, count: 1, effect: { kind: "garbage", body } },
    {
      match: POSITIONS,
      effect: { kind: "garbage", body: JSON.stringify([row({ positionAmt: "?" })]) },
    },
  ]);
  await endsOnceReadable(stage, eventId);
}, 120_000);

test.concurrent("orders are cancelled though the venue gives one of them a status that it does not document", async () => {
  await using stage = await openStage(command);
  await stage.open("ETHUSDT", "BUY", "0.5");
  await stage.paper.call("POST", "/fapi/v1/order", { ...LIMIT, side: "BUY", quantity: "0.2", price: "2900" });
  const body = JSON.stringify([{ symbol: "ETHUSDT", status: "PENDING_NEW" }]);
  const eventId = await panicWith(stage, [{ match: PLAIN, effect: { kind: "garbage", body } }]);
  await endsOnceReadable(stage, eventId);
}, 120_000);
