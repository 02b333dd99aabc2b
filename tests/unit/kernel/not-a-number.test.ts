import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { type AdmissionLimits, type AdmissionRequest, admit } from "../../../lib/kernel/admit.ts";
import { CallExpiredError } from "../../../lib/kernel/function-call.ts";
import { receiveOrder, type Submission, submitOrder } from "../../../lib/kernel/order-ledger.ts";
import { failureOf } from "../../support/failure-of.ts";
import { type KernelServer, startKernelServer } from "../../support/kernel-server.ts";

/** Lua reads "nan" as a number that compares to nothing: whatever is asked of it must fail closed. */
let server: KernelServer;
beforeAll(async () => {
  server = await startKernelServer();
});
afterAll(async () => await server[Symbol.asyncDispose]());
beforeEach(async () => {
  await server.beginAnew();
});

const run = (...args: string[]) => server.client.command(args);

const LIMITS: AdmissionLimits = {
  ...{ windowSec: 10, globalMax: 2, symbolMax: 2, cooldownSec: 300, window: "sliding" },
  ...{ dailyMax: 100, backlogMax: 10, routerPid: 7 },
};
const ENTRY: AdmissionRequest = {
  ...{ id: "1-1", kind: "entry", symbol: "ETHUSDT", side: "BUY", correlationId: "c", traceId: "t" },
  ...{ intentId: "i", document: "{}" },
};

test.each([["nan"], ["NaN"], ["-nan"]])("a window that holds %p is unreadable", async (time) => {
  await run("RPUSH", server.keys.windowGlobal, time, time, time);
  const batch = { limits: LIMITS, requests: [ENTRY], rates: "check" as const };
  const { verdicts } = await admit(server.client, server.keys, batch);
  expect(verdicts.map(({ kind }) => kind)).toEqual(["RATE_FAULT"]);
  expect(await run("EXISTS", server.keys.intentStream)).toBe(0);
});

test("a deadline that is none has passed", async () => {
  const lost = { ...server.client, serverNowMs: () => Number.NaN };
  const batch = { limits: LIMITS, requests: [ENTRY], rates: "check" as const };
  expect(await failureOf(admit(lost, server.keys, batch))).toBeInstanceOf(CallExpiredError);
  expect(await server.client.flat("KEYS", "*")).toHaveLength(2);
});

async function submitted(change: Partial<Submission> = {}): Promise<object> {
  const source = { stream: server.keys.intentStream, group: "g", entryId: "1-1" };
  await receiveOrder(server.client, server.keys, { intentId: "i", owner: "me", source });
  return submitOrder(server.client, server.keys, {
    ...{ intentId: "i", owner: "me", kind: "entry", attempt: 1, clientOrderId: "c-1", symbol: "ETHUSDT" },
    ...{ signedAtMs: Date.now(), recvWindowMs: 2000, side: "BUY", quantity: "1", decidedAtMs: Date.now() },
    ...{ ageMaxMs: 60_000, holdMinMs: 60_000, tradesMax: 3, gates: "enforce" },
    ...change,
  });
}

test("a last trade at no time at all cools the symbol down", async () => {
  await run("SET", `${server.keys.gateLastTradePrefix}ETHUSDT`, "nan");
  expect(await submitted()).toEqual({ kind: "held", reason: "COOLDOWN" });
});

test("an entry that was decided at no time at all is too old", async () => {
  expect(await submitted({ decidedAtMs: Number.NaN })).toEqual({ kind: "expired" });
});

test("an exit asks for none of these", async () => {
  await run("SET", `${server.keys.gateLastTradePrefix}ETHUSDT`, "nan");
  const exit = await submitted({ kind: "exit", decidedAtMs: Number.NaN });
  expect(exit).toEqual({ kind: "submitting", wouldHold: undefined });
});
