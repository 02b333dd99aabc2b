import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { GROUPS } from "../../../lib/contract/groups.ts";
import { deadLetterStreamOf } from "../../../lib/contract/keys.ts";
import { decodeIntent } from "../../../lib/contract/trade-intent.ts";
import {
  countOrderFailure,
  markOrderUnknown,
  receiveOrder,
  submitOrder,
} from "../../../lib/kernel/order-ledger.ts";
import { deadLetterFailed } from "../../../lib/recovery/dead-letters.ts";
import { groupOf, type RecoveryBench, startRecoveryBench } from "../../support/recovery-bench.ts";
import { validIntent } from "../../support/valid-trade.ts";

let bench: RecoveryBench;
beforeAll(async () => {
  bench = await startRecoveryBench();
});
afterAll(() => bench[Symbol.asyncDispose]());
beforeEach(() => bench.reset());

const OWNER = "a:boot";
const recover = async () => groupOf(await bench.recover(), GROUPS.executionIntents);
const results = async () => JSON.stringify(await bench.run("XRANGE", bench.keys.resultStream, "-", "+"));
const letters = async (stream = bench.keys.intentStream) =>
  Number(await bench.run("XLEN", deadLetterStreamOf(stream)));

/** An intent that a dead execution has pending after so many failures. */
async function leaveFailed(failures: number, change: Record<string, unknown> = {}) {
  const intent = validIntent(change);
  const intentId = String(intent["intent_id"]);
  const [entryId = ""] = await bench.leavePending("execution-a", [["data", JSON.stringify(intent)]]);
  const source = { stream: bench.keys.intentStream, group: GROUPS.executionIntents, entryId };
  await receiveOrder(bench.redis, bench.keys, { intentId, owner: OWNER, source });
  for (let n = 0; n < failures; n += 1) {
    await countOrderFailure(bench.redis, bench.keys, { intentId, owner: OWNER, why: "it threw" });
  }
  return { intentId, entryId, source };
}

async function submit(intentId: string): Promise<void> {
  await bench.run("SET", bench.keys.kill, "0");
  await submitOrder(bench.redis, bench.keys, {
    ...{ intentId, owner: OWNER, kind: "entry", attempt: 1, clientOrderId: "c", symbol: "ETHUSDT" },
    ...{ signedAtMs: 1, recvWindowMs: 2000, side: "BUY", quantity: "1", decidedAtMs: Date.now() },
    ...{ ageMaxMs: 600_000, holdMinMs: 0, tradesMax: 3, gates: "audit" },
  });
}

test("an intent that does not parse is put aside with its result, acknowledged", async () => {
  const [id = ""] = await bench.leavePending("execution-a", [["data", "not JSON"]]);
  expect(await recover()).toMatchObject({ deadLetters: 1, claimed: 0, left: 0 });
  expect(await bench.pendingOf("execution-a")).toEqual([]);
  const letter = JSON.stringify(
    await bench.run("XRANGE", deadLetterStreamOf(bench.keys.intentStream), "-", "+"),
  );
  for (const part of [id, bench.keys.intentStream, "data is not JSON"]) expect(letter).toContain(part);
  expect(await results()).toContain("BLOCKED_INVALID");
});

test("an entry whose handler failed five times by the ledger is put aside with its one result", async () => {
  const { intentId } = await leaveFailed(5);
  expect(await recover()).toMatchObject({ deadLetters: 1, left: 0 });
  expect(await results()).toContain("BLOCKED_HANDLER_FAILED");
  expect(await bench.run("HGET", `${bench.keys.orderLedgerPrefix}${intentId}`, "state")).toBe("DENIED");
  expect(await recover()).toMatchObject({ deadLetters: 0, pending: 0 });
  expect(await bench.run("XLEN", bench.keys.resultStream)).toBe(1);
});

test("four failures are not enough, however often it was delivered", async () => {
  const { entryId } = await leaveFailed(4);
  const { intentStream } = bench.keys;
  for (let n = 0; n < 20; n += 1) {
    await bench.run(
      "XCLAIM",
      intentStream,
      GROUPS.executionIntents,
      "execution-a",
      "0",
      entryId,
      "RETRYCOUNT",
      "99",
    );
  }
  const idle = ["0", entryId, "IDLE", "1000000", "JUSTID"];
  await bench.run("XCLAIM", intentStream, GROUPS.executionIntents, "execution-a", ...idle);
  expect(await recover()).toMatchObject({ deadLetters: 0, left: 1 });
});

test.each([["SUBMITTING"], ["UNKNOWN"]])(
  "an order that is %s is never put aside: it may be at the venue",
  async (state) => {
    const { intentId } = await leaveFailed(9);
    await submit(intentId);
    if (state === "UNKNOWN") {
      await markOrderUnknown(bench.redis, bench.keys, { intentId, owner: OWNER, why: "lost" });
    }
    expect(await recover()).toMatchObject({ deadLetters: 0, left: 1 });
    expect(await letters()).toBe(0);
    expect(await bench.run("HGET", `${bench.keys.orderLedgerPrefix}${intentId}`, "state")).toBe(state);
  },
);

test("an exit is never put aside, on whichever stream it is", async () => {
  await leaveFailed(9, { reduce_only: true });
  const exits = { stream: bench.keys.exitIntentStream, group: GROUPS.executionExits };
  await bench.leavePending("execution-a", [["data", "not JSON"]], exits);
  const report = await bench.recover();
  expect(groupOf(report, GROUPS.executionIntents)).toMatchObject({ deadLetters: 0, left: 1 });
  expect(groupOf(report, GROUPS.executionExits)).toMatchObject({ deadLetters: 0, left: 1 });
  expect((await letters()) + (await letters(exits.stream))).toBe(0);
});

test.each([
  ["was submitted", (id: string) => submit(id)],
  [
    "was taken over",
    async (id: string) => {
      const entry = await bench.run("HGET", `${bench.keys.orderLedgerPrefix}${id}`, "entry");
      const [stream = "", entryId = ""] = String(entry).split(" ");
      const source = { stream, group: GROUPS.executionIntents, entryId };
      await receiveOrder(bench.redis, bench.keys, { intentId: id, owner: "b:boot", source });
    },
  ],
])("what %s between the look and the act is not put aside", async (_what, meanwhile) => {
  const { intentId, source } = await leaveFailed(5);
  await meanwhile(intentId);
  const { redis, keys } = bench;
  const parts = { redis, keys, streams: { canonical: keys.resultStream, legacy: undefined } };
  const order = { owner: OWNER, failures: 5 };
  const decoded = decodeIntent({ data: JSON.stringify(validIntent({ intent_id: intentId })) });
  if (decoded.kind !== "intent") throw new Error("the intent must parse");
  expect(await deadLetterFailed(parts, { source, fields: {} }, { ...order, intent: decoded.intent })).toBe(
    false,
  );
  expect([await letters(), await bench.run("XLEN", keys.resultStream)]).toEqual([0, 0]);
  expect(await bench.pendingOf("execution-a")).toEqual([source.entryId]);
});
