import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { type AdmissionLimits, type AdmissionRequest, admit } from "../../../lib/kernel/admit.ts";
import { type KernelServer, startKernelServer } from "../../support/kernel-server.ts";

/** So long that only two buckets can be the current one while a test runs. */
const WINDOW_SEC = 3600;
const LIMITS: AdmissionLimits = {
  ...{ windowSec: WINDOW_SEC, globalMax: 100, symbolMax: 50, cooldownSec: 7200, window: "sliding" },
  ...{ dailyMax: 1000, backlogMax: 1000, routerPid: 1 },
};

let server: KernelServer;
let made = 0;
beforeAll(async () => {
  server = await startKernelServer();
});
afterAll(async () => await server[Symbol.asyncDispose]());
beforeEach(async () => {
  await server.beginAnew();
});

const run = (...args: string[]) => server.client.command(args);
const bucketNow = () => Math.floor(Date.now() / 1000 / WINDOW_SEC);

async function admitOn(symbols: readonly string[]): Promise<string[]> {
  const requests = symbols.map((symbol): AdmissionRequest => {
    made += 1;
    const ids = { correlationId: `c${made}`, traceId: `t${made}`, intentId: `i${made}` };
    return { id: `${made}-1`, kind: "entry", symbol, side: "BUY", ...ids, document: "{}" };
  });
  const { verdicts } = await admit(server.client, server.keys, { limits: LIMITS, requests, rates: "check" });
  return verdicts.map(({ kind }) => kind);
}

const repeated = (symbol: string, count: number) => Array.from({ length: count }, () => symbol);
/** Of a prefix and every bucket that the test may have run in. */
const inBuckets = (keyOf: (bucket: number) => string) => [bucketNow() - 1, bucketNow()].map(keyOf);

test("a symbol's place in the ranking is its count, over calls, batches and a ranking of before", async () => {
  const { rateSymbolsPrefix, rateSymbolPrefix, rateGlobalPrefix } = server.keys;
  await admitOn(["AUSDT"]);
  await admitOn(["BUSDT", ...repeated("AUSDT", 3), "CUSDT"]);
  await admitOn([...repeated("CUSDT", 7), "AUSDT"]);
  const counts = { AUSDT: 5, BUSDT: 1, CUSDT: 8 };
  for (const [symbol, count] of Object.entries(counts)) {
    const keys = inBuckets((bucket) => `${rateSymbolPrefix}${symbol}:${bucket}`);
    const found = await Promise.all(keys.map((key) => run("GET", key)));
    expect(found.reduce((sum: number, text) => sum + Number(text ?? 0), 0)).toBe(count);
    const places = await Promise.all(
      inBuckets((bucket) => `${rateSymbolsPrefix}${bucket}`).map((key) => run("ZSCORE", key, symbol)),
    );
    expect(places.reduce((sum: number, place) => sum + Number(place ?? 0), 0)).toBe(count);
  }
  const total = inBuckets((bucket) => `${rateGlobalPrefix}${bucket}`);
  const totals = await Promise.all(total.map((key) => run("GET", key)));
  expect(totals.reduce((sum: number, text) => sum + Number(text ?? 0), 0)).toBe(14);
});

test("counters and ranking live as long as the contract says, from their first count on", async () => {
  const { rateSymbolsPrefix, rateSymbolPrefix, rateGlobalPrefix } = server.keys;
  await admitOn(["AUSDT"]);
  await admitOn(["AUSDT", "AUSDT"]);
  const lifetimes = async (keyOf: (bucket: number) => string) => {
    const seconds = await Promise.all(inBuckets(keyOf).map((key) => run("TTL", key)));
    return seconds.map(Number).filter((ttl) => ttl !== -2);
  };
  for (const ttl of [
    ...(await lifetimes((bucket) => `${rateGlobalPrefix}${bucket}`)),
    ...(await lifetimes((bucket) => `${rateSymbolPrefix}AUSDT:${bucket}`)),
  ]) {
    expect(ttl).toBeWithin(WINDOW_SEC - 60, WINDOW_SEC + 3);
  }
  const [ranking] = await lifetimes((bucket) => `${rateSymbolsPrefix}${bucket}`);
  expect(ranking).toBeWithin(3 * WINDOW_SEC - 60, 3 * WINDOW_SEC + 1);
});

test.each([
  ["the global counter", (bucket: number) => `${server.keys.rateGlobalPrefix}${bucket}`],
  ["a symbol's counter", (bucket: number) => `${server.keys.rateSymbolPrefix}AUSDT:${bucket}`],
])("%s of the wrong type is unreadable, and stays as it is", async (_what, keyOf) => {
  const keys = [bucketNow(), bucketNow() + 1].map(keyOf);
  for (const key of keys) await run("HSET", key, "not", "a counter");
  expect(await admitOn(["AUSDT"])).toEqual(["RATE_FAULT"]);
  expect(await admitOn(["AUSDT", "AUSDT"])).toEqual(["RATE_FAULT", "RATE_FAULT"]);
  for (const key of keys) expect(await run("TYPE", key)).toBe("hash");
  expect(await run("EXISTS", server.keys.intentStream)).toBe(0);
});

test("an unreadable counter of one symbol leaves the others, also those that have none yet", async () => {
  for (const bucket of [bucketNow(), bucketNow() + 1])
    await run("SADD", `${server.keys.rateSymbolPrefix}BUSDT:${bucket}`, "x");
  expect(await admitOn(["AUSDT", "BUSDT", "CUSDT"])).toEqual(["ADMITTED", "RATE_FAULT", "ADMITTED"]);
});
