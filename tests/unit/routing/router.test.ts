import { expect, test } from "bun:test";
import { keysOf } from "../../../lib/contract/keys.ts";
import type { AdmissionLimits } from "../../../lib/kernel/admit.ts";
import { RedisReplyError } from "../../../lib/redis/redis-errors.ts";
import type { LogLine } from "../../../lib/routing/admission-log.ts";
import { RateLimiter } from "../../../lib/routing/rate-limiter.ts";
import { type RouterParts, routePage } from "../../../lib/routing/router.ts";
import { StandingRefusal } from "../../../lib/routing/standing-refusal.ts";
import { failureOf } from "../../support/failure-of.ts";

const NOW = Date.UTC(2026, 0, 2);
const LIMITS: AdmissionLimits = {
  ...{ windowSec: 10, globalMax: 2, symbolMax: 5, cooldownSec: 300, window: "sliding" },
  ...{ dailyMax: 200, backlogMax: 1000, routerPid: 1 },
};

/** A server that answers each call with the next of `replies`, and notes what it was asked. */
function routerOn(replies: readonly unknown[], onRateFault: "open" | "closed" = "open", tellsDebug = false) {
  const calls: (readonly string[])[] = [];
  const lines: LogLine[] = [];
  const told: string[] = [];
  const parts: RouterParts = {
    redis: {
      command: async (args) => {
        calls.push(args);
        const reply = replies[calls.length - 1];
        if (reply instanceof Error) throw reply;
        return reply;
      },
      serverNowMs: () => NOW,
      deadlineMs: 500,
    },
    keys: keysOf(""),
    limits: LIMITS,
    bounds: { ageMaxMs: 600_000, confidenceMin: 0.65, leverageMax: 20 },
    onRateFault,
    limiter: new RateLimiter({ windowMs: 10_000, globalMax: 2, symbolMax: 5 }),
    refusal: new StandingRefusal(),
    log: (line) => void lines.push(line),
    tellsDebug,
    observe: (request, verdict) =>
      void told.push(`${request.id} ${verdict.kind === "DENIED" ? verdict.reason : verdict.kind}`),
  };
  return { parts, calls, lines, told };
}

const entry = (id: string, symbol = "ETHUSDT") => ({
  id,
  fields: {
    payload: JSON.stringify({
      symbol,
      side: "BUY",
      confidence: 0.9,
      quantity: 1,
      entry_price: 1,
      timestamp: NOW,
    }),
  },
});

test("a page is one call, and every entry is told its verdict in order", async () => {
  const reply = ["OK", String(NOW), "ADMITTED", "9-0", "DUPLICATE", "", "SKIPPED", ""];
  const { parts, calls, told } = routerOn([reply]);
  expect(await routePage(parts, [entry("1-0"), entry("2-0"), entry("3-0")])).toBe("done");
  expect(calls.length).toBe(1);
  expect(told).toEqual(["1-0 ADMITTED", "2-0 DUPLICATE", "3-0 SKIPPED"]);
});

const exit = (id: string) => ({
  id,
  fields: { payload: JSON.stringify({ symbol: "ETHUSDT", side: "CLOSE", timestamp: NOW }) },
});
const OUT_OF_MEMORY = new RedisReplyError("OOM allow-oom flag is not set on the script");

test("the exits of a page come first, in a call of their own", async () => {
  const { parts, calls, told } = routerOn([
    ["OK", String(NOW), "EXIT", "8-0"],
    ["OK", String(NOW), "ADMITTED", "9-0"],
  ]);
  expect(await routePage(parts, [entry("1-0"), exit("2-0")])).toBe("done");
  expect(calls.map(([, name]) => name)).toEqual(["admit_exits_v1", "admit_v1"]);
  expect(told).toEqual(["2-0 EXIT", "1-0 ADMITTED"]);
});

test("a server that is out of memory holds up entries alone; they stay pending", async () => {
  const { parts, told } = routerOn([["OK", String(NOW), "EXIT", "8-0"], OUT_OF_MEMORY]);
  expect(await routePage(parts, [entry("1-0"), exit("2-0")])).toBe("later");
  expect(told).toEqual(["2-0 EXIT"]);
});

const expired = (id: string) => ({
  id,
  fields: {
    payload: JSON.stringify({
      ...{ symbol: "ETHUSDT", side: "BUY", confidence: 0.9, quantity: 1, timestamp: NOW - 600_001 },
    }),
  },
});

test.each([
  ["an entry beside it", [entry("1-0"), expired("2-0")], ["admit_v1", "dismiss_v1"], "later"],
  ["nothing beside it", [expired("2-0")], ["dismiss_v1"], "done"],
])(
  "what has expired is dismissed by a server that is out of memory, with %s",
  async (_what, page, names, end) => {
    const dismissed = ["OK", String(NOW), "EXPIRED", ""];
    const { parts, calls, told } = routerOn(end === "done" ? [dismissed] : [OUT_OF_MEMORY, dismissed]);
    expect<string>(await routePage(parts, page)).toBe(end);
    expect(calls.map(([, name]) => name)).toEqual(names);
    expect(told).toEqual(["2-0 EXPIRED"]);
  },
);

test("a call that reached the server too late leaves the page pending", async () => {
  const { parts, told } = routerOn([["EXPIRED", String(NOW)]]);
  expect(await routePage(parts, [entry("1-0")])).toBe("later");
  expect(told).toEqual([]);
});

test("an error of the connection goes on to the consumer: the call is not repeated from here", async () => {
  const { parts, calls } = routerOn([new Error("gone")]);
  expect((await failureOf(routePage(parts, [entry("1-0")]))).message).toContain("gone");
  expect(calls.length).toBe(1);
});

test("with unreadable counters only that entry is asked again, with the own limiter's word", async () => {
  const page = ["OK", String(NOW), "ADMITTED", "8-0", "RATE_FAULT", "WRONGTYPE"];
  const { parts, calls, told, lines } = routerOn([page, ["OK", String(NOW), "ADMITTED", "9-0"]]);
  await routePage(parts, [entry("1-0", "BTCUSDT"), entry("2-0")]);
  expect(calls[1]?.[7]).toEndWith(" allow");
  expect(calls[1]).toContain("2-0");
  expect(calls[1]).not.toContain("1-0");
  expect(told).toEqual(["1-0 ADMITTED", "2-0 ADMITTED"]);
  expect(lines.filter((line) => line.level === "error").map((line) => line.message)).toEqual([
    expect.stringContaining("FAIL_OPEN_ERROR"),
  ]);
});

test("what Redis admitted before counts in the own limiter", async () => {
  const page = ["OK", String(NOW), "ADMITTED", "7-0", "ADMITTED", "8-0", "RATE_FAULT", "WRONGTYPE"];
  const trip = ["OK", String(NOW), "GLOBAL_RATE_EXCEEDED", "3/0"];
  const { parts, calls, told } = routerOn([page, trip]);
  await routePage(parts, [entry("1-0"), entry("2-0"), entry("3-0")]);
  expect(calls[1]?.[7]).toEndWith(" trip_global");
  expect(told.at(-1)).toBe("3-0 GLOBAL_RATE_EXCEEDED");
});

test("closed denies whatever the own limiter would say", async () => {
  const page = ["OK", String(NOW), "RATE_FAULT", "WRONGTYPE"];
  const { parts, calls } = routerOn([page, ["OK", String(NOW), "RATE_COUNTERS_UNREADABLE", ""]], "closed");
  await routePage(parts, [entry("1-0")]);
  expect(calls[1]?.[7]).toEndWith(" deny");
});

test.each([
  ["a verdict that is none of this library's", ["OK", String(NOW), "MAYBE", ""]],
  ["too few verdicts", ["OK", String(NOW)]],
  ["no reply at all", null],
])("%s is no verdict", async (_what, reply) => {
  const { parts } = routerOn([reply]);
  expect((await failureOf(routePage(parts, [entry("1-0")]))).message).toContain("admit_v1 answered");
});

test.each([
  [false, ["DUPLICATE_SKIP"]],
  [true, ["ADMITTED", "DUPLICATE_SKIP", "SKIPPED"]],
])("debug lines told: %p", async (tellsDebug, messages) => {
  const reply = ["OK", String(NOW), "ADMITTED", "9-0", "DUPLICATE", "", "SKIPPED", ""];
  const { parts, lines } = routerOn([reply], "open", tellsDebug);
  await routePage(parts, [entry("1-0"), entry("2-0"), entry("3-0")]);
  expect(lines.map(({ message }) => message)).toEqual(messages);
});

test("while a switch refuses entries their documents are kept back, until one is not refused", async () => {
  const refused = ["OK", String(NOW), "SAFE_MODE_ENABLED", ""];
  const { parts, calls, told } = routerOn([
    refused,
    ["OK", String(NOW), "SAFE_MODE_ENABLED", "", "UNDECIDED", ""],
    ["OK", String(NOW), "ADMITTED", "9-0"],
    refused,
  ]);
  await routePage(parts, [entry("1-0")]);
  await routePage(parts, [entry("2-0"), entry("3-0")]);
  await routePage(parts, [entry("4-0")]);
  const documents = calls.map((args) => args.slice(8).filter((_, at) => at % 8 === 7));
  expect(documents.map((call) => call.map((text) => text !== ""))).toEqual([
    [true],
    [false, false],
    [true],
    [true],
  ]);
  expect(calls[2]).toContain("3-0");
  expect(told).toEqual([
    "1-0 SAFE_MODE_ENABLED",
    "2-0 SAFE_MODE_ENABLED",
    "3-0 ADMITTED",
    "4-0 SAFE_MODE_ENABLED",
  ]);
});

test("a long page is several calls, which all end before the page does", async () => {
  const page = Array.from({ length: 70 }, (_, at) => entry(`${at + 1}-0`));
  const reply = (count: number) => ["OK", String(NOW), ...Array(count).fill(["ADMITTED", "9-0"]).flat()];
  const { parts, calls, told } = routerOn([new Error("gone"), reply(32), reply(6)]);
  expect((await failureOf(routePage(parts, page))).message).toContain("gone");
  expect(calls.length).toBe(3);
  expect(told.length).toBe(38);
});

test("a page that is refused is one call", async () => {
  const page = Array.from({ length: 70 }, (_, at) => entry(`${at + 1}-0`));
  const refused = Array.from({ length: 70 }, () => ["SAFE_MODE_ENABLED", ""]).flat();
  const { parts, calls } = routerOn([
    ["OK", String(NOW), "KILL_SWITCH", ""],
    ["OK", String(NOW), ...refused],
  ]);
  await routePage(parts, [entry("100-0")]);
  await routePage(parts, page);
  expect(calls.length).toBe(2);
});
