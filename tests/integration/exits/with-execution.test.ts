import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { join } from "node:path";
import { decodeResult } from "../../../lib/contract/execution-result.ts";
import { listReply, recordReply } from "../../../lib/redis/reply.ts";
import { type DaemonProcess, startDaemon } from "../../support/daemon-process.ts";
import { soundIntent } from "../../support/execution-desk.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { type Brain, type ExitDesk, openExitDesk } from "./exit-desk.ts";

const EXECUTION = join(import.meta.dir, "..", "..", "..", "cmd", "execution.ts");

let desk: ExitDesk;
let execution: DaemonProcess;
beforeAll(async () => {
  desk = await openExitDesk({ settings: { PAPER_BALANCE_USD: "100000000" } });
  execution = await startDaemon({
    command: ["bun", EXECUTION],
    environment: {
      REDIS_URL: desk.server.url,
      EXCHANGE_REST_URL: desk.paper.url,
      EXCHANGE_WS_URL: desk.paper.wsUrl,
      HALT_FILE: "/nonexistent/halted",
      MIN_HOLD_SECONDS: "0",
      MAX_TRADES_10MIN: "1000",
    },
  });
  await execution.said("ready");
  await desk.redis("SET", desk.keys.kill, "0");
});
afterAll(async () => {
  await execution[Symbol.asyncDispose]();
  await desk[Symbol.asyncDispose]();
});

let brain: Brain;
beforeEach(async () => {
  await desk.paper.admin("POST", "reset", {});
  await desk.paper.setPrice("ETHUSDT", "3000");
  // However long a busy machine takes to execute an exit, that alone is no alarm here.
  brain = await desk.start({ MIN_HOLD_SECONDS: "0", EXIT_CONFIRM_MS: "60000" });
  // Execution judges an entry by the mark it has heard last.
  await waitUntil("both know the price", async () => (await brain.cycles()).length > 1);
});
afterEach(() => brain.stop());

const results = async () =>
  listReply(await desk.redis("XRANGE", desk.keys.resultStream, "-", "+")).map((entry) =>
    decodeResult(recordReply(listReply(entry)[1])),
  );

/** An entry through execution; its intent id. */
async function enter(change: object = {}): Promise<string> {
  const intent = { ...soundIntent({ ...change }), intent_id: crypto.randomUUID().replaceAll("-", "") };
  await desk.redis("XADD", desk.keys.intentStream, "*", "data", JSON.stringify(intent));
  const result = await waitUntil("the entry has its result", async () =>
    (await results()).find(({ intent_id }) => intent_id === intent.intent_id),
  );
  expect(result.status).toBe("filled");
  return intent.intent_id;
}

const flat = () => waitUntil("it is flat", async () => Object.keys(await desk.amounts()).length === 0);

test("an entry is followed by its own plan, without an alarm, and left at its target by one order", async () => {
  const entryId = await enter();
  await waitUntil(
    "its plan is followed",
    async () => (await brain.positions())[0]?.plan?.["intent_id"] === entryId,
  );
  const before = (await results()).length;
  await desk.paper.setPrice("ETHUSDT", "3095");
  await flat();
  const made = await waitUntil("the exit has its result", async () => {
    const all = (await results()).slice(before);
    return all.length > 0 && all;
  });
  expect(made).toMatchObject([{ status: "filled", action: "SELL", quantity: "0.1" }]);
  await waitUntil("nothing is left", async () => {
    const plan = await desk.plan("ETHUSDT");
    return Object.keys(plan).length === 0 && (await desk.stops()).length === 0;
  });
  expect((await results()).length).toBe(before + 1);
  expect(brain.alarms()).toEqual([]);
  // The venue's own word on how many orders carried an intent's id: the entry's and the exit's.
  await waitUntil("two orders were told", async () =>
    (await brain.metrics()).includes("quantum_exit_brain_intent_orders_total 2"),
  );
});

test("a position beyond the largest market order is closed to the end, never by more than it is", async () => {
  // Else the stop at the venue is quicker.
  await brain.stop();
  brain = await desk.start({ PROTECTIVE_STOP: "none" });
  const before = (await results()).length;
  // One market order may be 2000 at most.
  for (const quantity of ["1500", "1500", "1500"])
    await desk.order({ symbol: "ETHUSDT", side: "BUY", quantity });
  await waitUntil("it is guarded", async () => (await brain.positions())[0]?.decision === "hold");
  await desk.paper.setPrice("ETHUSDT", "2900", { bidQty: "100000", askQty: "100000" });
  await flat();
  const closed = await waitUntil("every order has its result", async () => {
    const filled = (await results()).slice(before).filter(({ quantity }) => quantity !== "0");
    return filled.length >= 3 && filled;
  });
  expect(closed.map(({ action }) => action)).toEqual(["SELL", "SELL", "SELL"]);
  expect(closed.reduce((sum, { quantity }) => sum + Number(quantity), 0)).toBe(4500);
});

test("an entry that only reduces the opposite position leaves one stop, and it is that position's", async () => {
  await desk.order({ symbol: "ETHUSDT", side: "SELL", quantity: "0.5" });
  await waitUntil("it is guarded", async () => (await brain.positions())[0]?.decision === "hold");
  await waitUntil("its stop rests", async () => (await desk.stops()).length === 1);
  // As a signal against the position comes: a buy with its stop below.
  await enter();
  expect(await desk.amounts()).toEqual({ ETHUSDT: -0.4 });
  const closing = async () => (await desk.stops()).map(({ side }) => side);
  await waitUntil("the entry's own stop is gone", async () => (await closing()).join() === "BUY");
  await waitUntil("the plan is the short's", async () => (await desk.plan("ETHUSDT"))["side"] === "SHORT");
  await desk.paper.setPrice("ETHUSDT", "3100");
  await flat();
  await waitUntil("nothing is left", async () => (await desk.stops()).length === 0);
});
