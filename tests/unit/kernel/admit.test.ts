import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { GROUPS } from "../../../lib/contract/groups.ts";
import {
  type AdmissionLimits,
  type AdmissionRequest,
  admit,
  type RateVerdict,
} from "../../../lib/kernel/admit.ts";
import { CallExpiredError } from "../../../lib/kernel/function-call.ts";
import { failureOf } from "../../support/failure-of.ts";
import { type KernelServer, startKernelServer } from "../../support/kernel-server.ts";

const LIMITS: AdmissionLimits = {
  ...{ windowSec: 3600, globalMax: 3, symbolMax: 2, cooldownSec: 3600, window: "sliding" },
  ...{ dailyMax: 100, backlogMax: 10, routerPid: 1 },
};

let server: KernelServer;
beforeAll(async () => {
  server = await startKernelServer();
});
afterAll(async () => await server[Symbol.asyncDispose]());
beforeEach(async () => {
  await server.beginAnew();
  made = 0;
});

const run = (...args: string[]) => server.client.command(args);

let made = 0;
function entry(symbol = "ETHUSDT", kind: "entry" | "exit" = "entry"): AdmissionRequest {
  made += 1;
  const ids = { correlationId: `c${made}`, traceId: `t${made}` };
  return { id: `${made}-1`, kind, symbol, side: "BUY", ...ids, intentId: `i${made}`, document: "{}" };
}

async function verdictsOf(
  requests: readonly AdmissionRequest[],
  more: { readonly limits?: Partial<AdmissionLimits>; readonly rates?: RateVerdict } = {},
): Promise<string[]> {
  const limits = { ...LIMITS, ...more.limits };
  const { verdicts } = await admit(server.client, server.keys, {
    limits,
    requests,
    rates: more.rates ?? "check",
  });
  return verdicts.map((verdict) => (verdict.kind === "DENIED" ? verdict.reason : verdict.kind));
}

const bucketNow = () => Math.floor(Date.now() / 1000 / LIMITS.windowSec);
/** Also the next one: the test may run across the edge of an hour. */
async function setBuckets(prefix: string, value: string): Promise<void> {
  for (const at of [bucketNow(), bucketNow() + 1]) await run("SET", `${prefix}${at}`, value);
}
const today = (prefix: string) => {
  const day = (ms: number) => `${prefix}${new Date(ms).toISOString().slice(0, 10).replaceAll("-", "")}`;
  return [day(Date.now()), day(Date.now() + 60_000)];
};

test.each(["entry", "exit"] as const)(
  "an %s that its stream has no id for is admitted once there is one",
  async (kind) => {
    const { intentStream, exitIntentStream } = server.keys;
    const stream = kind === "entry" ? intentStream : exitIntentStream;
    const lastId = (2n ** 64n - 1n).toString();
    await run("XADD", stream, `${lastId}-${lastId}`, "by", "hand");
    const request = entry("ETHUSDT", kind);
    expect((await failureOf(verdictsOf([request]))).message).toContain("exhausted the last possible ID");
    await run("DEL", stream);
    expect(await verdictsOf([request])).toEqual([kind === "entry" ? "ADMITTED" : "EXIT"]);
  },
);

test.each([
  ["kill", "KILL_SWITCH", () => [server.keys.kill]],
  ["the trading state", "TRADING_HALTED", () => [server.keys.tradingState]],
  ["safe mode", "SAFE_MODE_ENABLED", () => [server.keys.safeMode]],
  ["the daily count", "DAILY_LIMIT_REACHED", () => today(server.keys.dailyTradesPrefix)],
  ["the intent stream", "BACKLOG_FULL", () => [server.keys.intentStream]],
  ["what is known of the intent", "DUPLICATE", () => [`${server.keys.intentDedupPrefix}i1`]],
])("%s of the wrong type refuses entries, and lets an exit pass", async (_what, reason, keys) => {
  for (const key of keys()) {
    await run("DEL", key);
    await run("SADD", key, "not what it should be");
  }
  expect(await verdictsOf([entry()])).toEqual([reason]);
  expect(await verdictsOf([entry("ETHUSDT", "exit")])).toEqual(["EXIT"]);
});

test.each([["1e3"], ["007"], ["1.5"], [" 5"], ["abc"], ["9223372036854775807"], ["inf"], ["0x10"]])(
  "a counter that holds %p, which Redis cannot count up, is unreadable before anything is written",
  async (value) => {
    await setBuckets(server.keys.rateGlobalPrefix, value);
    expect(await verdictsOf([entry()])).toEqual(["RATE_FAULT"]);
    expect(await run("EXISTS", server.keys.intentStream, `${server.keys.intentDedupPrefix}i1`)).toBe(0);
  },
);

test.each([["007"], ["abc"], ["-1"], ["1e3"], ["99999999999999999999"], [""]])(
  "a daily count of %p, which Redis cannot count up, refuses before anything is written",
  async (value) => {
    for (const key of today(server.keys.dailyTradesPrefix)) await run("SET", key, value);
    expect(await verdictsOf([entry()])).toEqual(["DAILY_LIMIT_REACHED"]);
    expect(await run("EXISTS", server.keys.intentStream)).toBe(0);
  },
);

test("a window that holds something other than times is unreadable", async () => {
  await run("RPUSH", server.keys.windowGlobal, "x", "y", "z");
  expect(await verdictsOf([entry()])).toEqual(["RATE_FAULT"]);
  expect(await run("LRANGE", server.keys.windowGlobal, "0", "-1")).toEqual(["x", "y", "z"]);
});

test("an unreadable counter of one symbol touches neither the others nor the global count", async () => {
  await run("SET", `${server.keys.windowSymbolPrefix}ETHUSDT`, "x");
  const requests = [entry("BTCUSDT"), entry("ETHUSDT"), entry("BTCUSDT")];
  expect(await verdictsOf(requests)).toEqual(["ADMITTED", "RATE_FAULT", "ADMITTED"]);
  expect(await run("LLEN", server.keys.windowGlobal)).toBe(2);
});

test("a batch is judged in its order: the trip in its middle refuses all that follows", async () => {
  const symbols = ["AUSDT", "BUSDT", "CUSDT", "DUSDT", "EUSDT"];
  const requests = [...symbols.map((symbol) => entry(symbol)), entry("AUSDT", "exit")];
  expect(await verdictsOf(requests)).toEqual([
    ...["ADMITTED", "ADMITTED", "ADMITTED", "GLOBAL_RATE_EXCEEDED", "SAFE_MODE_ENABLED", "EXIT"],
  ]);
  expect(await run("XLEN", server.keys.intentStream)).toBe(3);
  expect(await run("LLEN", server.keys.windowGlobal)).toBe(4);
});

test("a duplicate, a full backlog and a spent day cost no budget and trip nothing", async () => {
  const first = entry();
  await verdictsOf([first]);
  for (let at = 0; at < 10; at += 1) expect(await verdictsOf([first])).toEqual(["DUPLICATE"]);
  expect(await verdictsOf([entry()], { limits: { backlogMax: 0 } })).toEqual(["BACKLOG_FULL"]);
  expect(await verdictsOf([entry()], { limits: { dailyMax: 1 } })).toEqual(["DAILY_LIMIT_REACHED"]);
  expect(await run("LLEN", server.keys.windowGlobal)).toBe(1);
  expect(await run("EXISTS", server.keys.safeMode)).toBe(0);
});

test("every key that an admission writes has its lifetime", async () => {
  await verdictsOf([entry("ETHUSDT")]);
  const { keys } = server;
  const ttl = async (key: string) => Number(await run("TTL", key));
  expect(await ttl(`${keys.messageDedupPrefix}c1||t1||1-1`)).toBeWithin(299, 301);
  expect(await ttl(`${keys.intentDedupPrefix}i1`)).toBeWithin(86_399, 86_401);
  expect(await ttl(keys.windowGlobal)).toBeWithin(3601, 3603);
  expect(await ttl(`${keys.windowSymbolPrefix}ETHUSDT`)).toBeWithin(3601, 3603);
  const rates = await server.client.flat("KEYS", "quantum:safety:rate:*");
  expect(rates.length).toBe(3);
  for (const key of rates) expect(await ttl(key)).toBeGreaterThan(0);
});

test("a window that was deleted gets its lifetime again with its first time", async () => {
  const { keys } = server;
  const lists = [keys.windowGlobal, `${keys.windowSymbolPrefix}ETHUSDT`];
  await verdictsOf([entry()]);
  await run("DEL", ...lists);
  await verdictsOf([entry()]);
  for (const list of lists) expect(Number(await run("TTL", list))).toBeWithin(3601, 3603);
});

test("intents that somebody else wrote count as backlog at once, also right after an admission", async () => {
  const limits = { backlogMax: 2 };
  expect(await verdictsOf([entry()], { limits })).toEqual(["ADMITTED"]);
  for (const _ of [1, 2]) await run("XADD", server.keys.intentStream, "*", "data", "{}");
  expect(await verdictsOf([entry("BTCUSDT")], { limits })).toEqual(["BACKLOG_FULL"]);
});

test("what is unread is backlog where Redis was told that the group has read more than there ever was", async () => {
  const { intentStream } = server.keys;
  for (let n = 1; n <= 4; n += 1) await run("XADD", intentStream, `${n}-0`, "data", "{}");
  await run("XGROUP", "CREATE", intentStream, GROUPS.executionIntents, "1-0", "ENTRIESREAD", "1000");
  expect(await verdictsOf([entry()], { limits: { backlogMax: 2 } })).toEqual(["BACKLOG_FULL"]);
  expect(await verdictsOf([entry()], { limits: { backlogMax: 3 } })).toEqual(["ADMITTED"]);
});

test("what Redis calls unread after a restart, and was read, is no backlog; what is unread is", async () => {
  const { intentStream } = server.keys;
  const limits = { backlogMax: 3 };
  const group = GROUPS.executionIntents;
  await run("XGROUP", "CREATE", intentStream, group, "0", "MKSTREAM");
  for (let at = 1; at <= 20; at += 1) await run("XADD", intentStream, `${at}-0`, "data", "{}");
  // As after loading an append-only file: the place is right, the counter that of the file's last rewrite.
  await run("XGROUP", "SETID", intentStream, group, "16-0", "ENTRIESREAD", "2");
  expect(await verdictsOf([entry("AUSDT")], { limits })).toEqual(["BACKLOG_FULL"]);
  await run("XGROUP", "SETID", intentStream, group, "20-0", "ENTRIESREAD", "2");
  expect(await verdictsOf([entry("BUSDT"), entry("CUSDT")], { limits })).toEqual(["ADMITTED", "ADMITTED"]);
});

test.each([
  [1990, "ADMITTED"],
  [2010, "BACKLOG_FULL"],
])(
  "with the lag unknown, %d unread entries under a wide limit are %s: counting has an end",
  async (count, verdict) => {
    const { intentStream } = server.keys;
    await run("XGROUP", "CREATE", intentStream, GROUPS.executionIntents, "0", "MKSTREAM");
    const script = "for i = 1, ARGV[1] do redis.call('XADD', KEYS[1], i .. '-0', 'data', '{}') end";
    await run("EVAL", script, "1", intentStream, String(count));
    await run(
      "XREADGROUP",
      "GROUP",
      GROUPS.executionIntents,
      "e",
      "COUNT",
      "1",
      "STREAMS",
      intentStream,
      ">",
    );
    await run("XDEL", intentStream, "5-0");
    expect(await verdictsOf([entry()], { limits: { backlogMax: 100_000 } })).toEqual([verdict]);
  },
);

test("routers that are configured differently on one server each keep their own limits", async () => {
  const wide = { globalMax: 1000, symbolMax: 1000 };
  const [first, second] = [await verdictsOf([entry()]), await verdictsOf([entry()], { limits: wide })];
  expect([first, second]).toEqual([["ADMITTED"], ["ADMITTED"]]);
  expect(await verdictsOf([entry()], { limits: wide })).toEqual(["ADMITTED"]);
  expect(await verdictsOf([entry()])).toEqual(["GLOBAL_RATE_EXCEEDED"]);
});

test("a call past its deadline writes nothing", async () => {
  const late = { ...server.client, serverNowMs: () => Date.now() - 60_000 };
  const batch = { limits: LIMITS, requests: [entry()], rates: "check" as const };
  expect(await failureOf(admit(late, server.keys, batch))).toBeInstanceOf(CallExpiredError);
  expect(await server.client.flat("KEYS", "*")).toHaveLength(2);
});

test("the fixed window lets through what the sliding one would not, and trips on its own bucket", async () => {
  const limits = { window: "fixed" } as const;
  const requests = ["AUSDT", "BUSDT", "CUSDT", "DUSDT"].map((symbol) => entry(symbol));
  expect(await verdictsOf(requests, { limits })).toEqual([
    ...["ADMITTED", "ADMITTED", "ADMITTED", "GLOBAL_RATE_EXCEEDED"],
  ]);
  await run(
    "DEL",
    server.keys.safeMode,
    ...(await server.client.flat("KEYS", `${server.keys.rateGlobalPrefix}*`)),
  );
  expect(await verdictsOf([entry("EUSDT")], { limits })).toEqual(["ADMITTED"]);
});

test.each([
  ["allow", "ADMITTED"],
  ["trip_global", "GLOBAL_RATE_EXCEEDED"],
  ["trip_symbol", "SYMBOL_RATE_EXCEEDED"],
  ["deny", "RATE_COUNTERS_UNREADABLE"],
] as const)("what the caller's own limiter says is done: %s", async (rates, verdict) => {
  await run("SET", server.keys.windowGlobal, "x");
  expect(await verdictsOf([entry()], { rates })).toEqual([verdict]);
  expect(await run("EXISTS", server.keys.safeMode)).toBe(verdict.endsWith("_EXCEEDED") ? 1 : 0);
});

test("an entry without its document is refused like any other, and otherwise left as it was", async () => {
  const [first, second] = [entry(), entry()];
  const withheld = async (...requests: readonly AdmissionRequest[]) => {
    const { verdicts } = await admit(server.client, server.keys, {
      limits: LIMITS,
      requests,
      rates: "check",
      withheld: true,
    });
    return verdicts.map((verdict) => (verdict.kind === "DENIED" ? verdict.reason : verdict.kind));
  };
  const before = Number(await run("DBSIZE"));
  expect(await withheld(first)).toEqual(["UNDECIDED"]);
  expect(Number(await run("DBSIZE"))).toBe(before);
  await run("SET", server.keys.safeMode, "1");
  const verdicts = await withheld(first, second, first);
  expect(verdicts).toEqual(["SAFE_MODE_ENABLED", "SAFE_MODE_ENABLED", "DUPLICATE"]);
  await run("DEL", server.keys.safeMode);
  expect(await verdictsOf([first])).toEqual(["DUPLICATE"]);
  expect(await verdictsOf([{ ...second, id: "99-1" }])).toEqual(["ADMITTED"]);
  await run("SET", server.keys.safeMode, "1");
  expect(await withheld({ ...second, id: "100-1" }, entry())).toEqual(["DUPLICATE", "SAFE_MODE_ENABLED"]);
  expect(await run("HGET", `${server.keys.statsPrefix}ai-strategy-router`, "denied:SAFE_MODE_ENABLED")).toBe(
    "3",
  );
});

test("the daily count that begins with several intents ends after its day, too", async () => {
  expect(await verdictsOf([entry("A"), entry("B")])).toEqual(["ADMITTED", "ADMITTED"]);
  const lives = await Promise.all(today(server.keys.dailyTradesPrefix).map((key) => run("TTL", key)));
  expect(Math.max(...lives.map(Number))).toBeGreaterThan(0);
});

test("an exit stream that is none fails a call before it has written anything", async () => {
  await run("SET", server.keys.exitIntentStream, "x");
  const mixed = [entry("A"), entry("B", "exit")];
  expect((await failureOf(verdictsOf(mixed))).message).toContain("WRONGTYPE");
  expect(await run("XLEN", server.keys.intentStream)).toBe(0);
  await run("DEL", server.keys.exitIntentStream);
  expect(await verdictsOf(mixed)).toEqual(["ADMITTED", "EXIT"]);
});
