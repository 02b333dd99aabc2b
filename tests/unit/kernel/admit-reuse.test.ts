import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { GROUPS } from "../../../lib/contract/groups.ts";
import { keysOf } from "../../../lib/contract/keys.ts";
import { type AdmissionLimits, type AdmissionRequest, admit } from "../../../lib/kernel/admit.ts";
import { failureOf } from "../../support/failure-of.ts";
import { type KernelServer, startKernelServer } from "../../support/kernel-server.ts";
import { waitUntil } from "../../support/wait-until.ts";

/** What admit_v1 keeps from call to call: names and settings, never a count. */
const LIMITS: AdmissionLimits = {
  ...{ windowSec: 3600, globalMax: 2000, symbolMax: 1, cooldownSec: 3600, window: "sliding" },
  ...{ dailyMax: 100_000, backlogMax: 100_000, routerPid: 1 },
};
const NAMESPACES = ["", "{acct-7}", "{acct-8}"];

let server: KernelServer;
let made = 0;
beforeAll(async () => {
  server = await startKernelServer();
});
afterAll(async () => await server[Symbol.asyncDispose]());
beforeEach(async () => {
  await run("FLUSHDB");
  for (const keys of NAMESPACES.map(keysOf)) {
    await run("SET", keys.kill, "0");
    await run("XGROUP", "CREATE", keys.decisionStream, GROUPS.router, "0", "MKSTREAM");
  }
});

const run = (...args: string[]) => server.client.command(args);

function entry(symbol: string): AdmissionRequest {
  made += 1;
  const ids = { correlationId: `c${made}`, traceId: `t${made}`, intentId: `i${made}` };
  return { id: `${made}-1`, kind: "entry", symbol, side: "BUY", ...ids, document: "{}" };
}

async function verdictsOf(
  requests: readonly AdmissionRequest[],
  more: { readonly namespace?: string; readonly limits?: AdmissionLimits } = {},
): Promise<string[]> {
  const batch = { limits: more.limits ?? LIMITS, requests, rates: "check" as const };
  const { verdicts } = await admit(server.client, keysOf(more.namespace ?? ""), batch);
  return verdicts.map((verdict) => (verdict.kind === "DENIED" ? verdict.reason : verdict.kind));
}

test("accounts that take turns on one server each have their own switches and counters", async () => {
  await run("DEL", keysOf("{acct-8}").kill);
  for (const verdict of ["ADMITTED", "SYMBOL_RATE_EXCEEDED"]) {
    expect(await verdictsOf([entry("ETHUSDT")])).toEqual([verdict]);
    expect(await verdictsOf([entry("ETHUSDT")], { namespace: "{acct-7}" })).toEqual([verdict]);
    expect(await verdictsOf([entry("ETHUSDT")], { namespace: "{acct-8}" })).toEqual(["KILL_SWITCH"]);
  }
});

test("a symbol that comes again in a later call, and in the same one, is counted on from Redis", async () => {
  const limits = { ...LIMITS, symbolMax: 3 };
  const eth = () => entry("ETHUSDT");
  expect(await verdictsOf([eth()], { limits })).toEqual(["ADMITTED"]);
  expect(await verdictsOf([eth(), entry("BTCUSDT"), eth(), eth()], { limits })).toEqual([
    ...["ADMITTED", "ADMITTED", "ADMITTED", "SYMBOL_RATE_EXCEEDED"],
  ]);
  await run("FLUSHDB");
  await run("SET", server.keys.kill, "0");
  expect(await verdictsOf([eth(), eth(), eth()], { limits })).toEqual(["ADMITTED", "ADMITTED", "ADMITTED"]);
});

test("more symbols in a bucket, and more configurations, than are kept change no verdict", async () => {
  const symbols = Array.from({ length: 1200 }, (_, at) => `S${at}USDT`);
  for (let from = 0; from < symbols.length; from += 100) {
    const page = symbols.slice(from, from + 100).map(entry);
    expect(new Set(await verdictsOf(page))).toEqual(new Set(["ADMITTED"]));
  }
  for (let routerPid = 2; routerPid < 80; routerPid += 1) {
    expect(await verdictsOf([entry(`P${routerPid}`)], { limits: { ...LIMITS, routerPid } })).toEqual([
      "ADMITTED",
    ]);
  }
  expect(await verdictsOf([entry("S0USDT")])).toEqual(["SYMBOL_RATE_EXCEEDED"]);
});

test("with the next bucket counting goes on in its own key, and the window reaches back over the edge", async () => {
  const limits = { ...LIMITS, windowSec: 1, symbolMax: 1000, cooldownSec: 1 };
  const buckets = async () =>
    (await server.client.flat("KEYS", `${server.keys.rateSymbolPrefix}ETHUSDT:*`)).length;
  await waitUntil("a bucket has ended", async () => {
    expect(await verdictsOf([entry("ETHUSDT")], { limits })).toEqual(["ADMITTED"]);
    return (await buckets()) > 1;
  });
  const counters = await server.client.flat("KEYS", `${server.keys.rateSymbolPrefix}ETHUSDT:*`);
  const counts = await Promise.all(counters.map((key) => server.client.text("GET", key)));
  const times = await server.client.flat("LRANGE", `${server.keys.windowSymbolPrefix}ETHUSDT`, "0", "-1");
  expect(counts.reduce((sum, count) => sum + Number(count), 0)).toBe(times.length);
});

test("what is not the decision stream of a namespace is refused before anything is read", async () => {
  const foreign = { ...server.keys, decisionStream: "quantum:stream:trade.intent" };
  const failure = await failureOf(
    admit(server.client, foreign, { limits: LIMITS, requests: [entry("ETHUSDT")], rates: "check" }),
  );
  expect(failure.message).toContain("is not the decision stream");
});
