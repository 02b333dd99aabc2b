import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { z } from "zod";
import { faultEffectSchema } from "../../../lib/paper/faults/fault-script.ts";
import { type PaperFixture, signedQuery, startPaper } from "../../support/paper-exchange.ts";
import { waitUntil } from "../../support/wait-until.ts";

let paper: PaperFixture;
beforeAll(async () => {
  paper = await startPaper();
  await paper.setPrice("BTCUSDT", "60000");
});
afterAll(() => paper[Symbol.asyncDispose]());
afterEach(async () => {
  await paper.admin("POST", "reset");
});

const stateSchema = z.object({
  orders: z.array(z.object({ clientOrderId: z.string(), status: z.string(), executedQty: z.string() })),
  positions: z.array(z.object({ symbol: z.string(), positionAmt: z.string() })),
});
const state = async () => stateSchema.parse(await paper.read("state"));

const reportSchema = z.object({ rules: z.array(z.object({ fired: z.number() })) });

/** How often the first rule has had its way. */
const faultsFired = async () => reportSchema.parse(await paper.read("faults")).rules[0]?.fired;

type Sent = { status: number; text: string; retryAfter: string | null } | "dropped";

/** A market order as a client sends it: what came back, or that the connection ended. */
async function send(
  clientOrderId: string,
  more: Record<string, string> = {},
  signal: AbortSignal | null = null,
): Promise<Sent> {
  const order = { symbol: "BTCUSDT", side: "BUY", type: "MARKET", quantity: "0.01", ...more };
  const query = signedQuery({ ...order, newClientOrderId: clientOrderId });
  try {
    const response = await fetch(`${paper.url}/fapi/v1/order?${query}`, {
      method: "POST",
      headers: { "X-MBX-APIKEY": "paper" },
      signal,
    });
    const retryAfter = response.headers.get("retry-after");
    return { status: response.status, text: await response.text(), retryAfter };
  } catch {
    return "dropped";
  }
}

const once = (effect: z.input<typeof faultEffectSchema>) => ({
  rules: [{ match: { method: "POST" as const, path: "/fapi/v1/order" }, count: 1, effect }],
});

type Row = readonly [
  name: string,
  effect: Parameters<typeof once>[0],
  answer: Sent | Partial<Exclude<Sent, "dropped">>,
  orders: number,
];

const UNKNOWN_TEXT = "Unknown error, please check your request or try again later.";
const CODES: readonly (readonly [number, number])[] = [
  [-1000, 500],
  [-1001, 503],
  [-1006, 503],
  [-1007, 408],
  [-1008, 503],
  [-1016, 503],
  [-1021, 400],
  [-5028, 400],
  [-2015, 401],
  [-4164, 400],
];

const rows: readonly Row[] = [
  ["a lost request", { kind: "lost_request" }, "dropped", 0],
  ["a lost reply", { kind: "lost_reply" }, "dropped", 1],
  ...[408, 500, 502, 504].flatMap((status): Row[] => [
    [`HTTP ${status} before`, { kind: "http", status, executed: false }, { status }, 0],
    [`HTTP ${status} after`, { kind: "http", status, executed: true }, { status }, 1],
  ]),
  [
    "503 unknown, executed",
    { kind: "unavailable", text: "unknown", executed: true },
    { status: 503, text: `{"code":503,"msg":"${UNKNOWN_TEXT}"}` },
    1,
  ],
  [
    "503 unknown, not executed",
    { kind: "unavailable", text: "unknown", executed: false },
    { status: 503, text: `{"code":503,"msg":"${UNKNOWN_TEXT}"}` },
    0,
  ],
  [
    "503 unavailable",
    { kind: "unavailable", text: "unavailable" },
    { status: 503, text: '{"code":503,"msg":"Service Unavailable."}' },
    0,
  ],
  ...CODES.map(([code, status]): Row => [`${code}`, { kind: "error", code }, { status }, 0]),
  ["-1007 after", { kind: "error", code: -1007, executed: true }, { status: 408 }, 1],
  [
    "a rejection of our own text",
    { kind: "error", code: -4400, msg: "Rules violated." },
    { status: 400, text: '{"code":-4400,"msg":"Rules violated."}' },
    0,
  ],
  ["429", { kind: "limited", status: 429, retryAfterSec: 7 }, { status: 429, retryAfter: "7" }, 0],
  ["418", { kind: "limited", status: 418, retryAfterSec: 120 }, { status: 418, retryAfter: "120" }, 0],
  [
    "429 of orders",
    { kind: "limited", status: 429, retryAfterSec: 3, code: -1015 },
    { status: 429, text: '{"code":-1015,"msg":"Too many new orders."}' },
    0,
  ],
  ["garbage before", { kind: "garbage", body: "<html>" }, { status: 200, text: "<html>" }, 0],
  ["garbage after", { kind: "garbage", body: '{"ord', executed: true }, { status: 200, text: '{"ord' }, 1],
];

test.each(rows)("%s", async (_, effect, answer, orders) => {
  await paper.useFaults(once(effect));
  const got = await send("one");
  if (answer === "dropped") expect(got).toBe("dropped");
  else expect(got).toMatchObject(answer);
  expect((await state()).orders.length).toBe(orders);
  expect(await send("two")).toMatchObject({ status: 200 });
});

/** These have tests of their own below. */
const OWN_TESTS = ["latency", "partial_fill", "clock_skew", "delayed_execution"] as const;

test("every effect of the schema is tested", () => {
  const tested = new Set<string>([...OWN_TESTS, ...rows.map(([, effect]) => effect.kind)]);
  const known = faultEffectSchema.options.map((option) => option.shape.kind.value);
  expect(known.filter((kind) => !tested.has(kind))).toEqual([]);
});

test.each(["before", "after"] as const)("latency %s the act delays the answer", async (when) => {
  await paper.useFaults(once({ kind: "latency", ms: 60, when }));
  const startedMs = performance.now();
  expect(await send("slow")).toMatchObject({ status: 200 });
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(59);
});

test.each([
  ["before", 0],
  ["after", 1],
] as const)(
  "while an answer is delayed %s the act, the venue has executed %i orders",
  async (when, orders) => {
    // Longer than anybody waits here.
    await paper.useFaults(once({ kind: "latency", ms: 60_000, when }));
    const leaving = new AbortController();
    const answer = send("slow", {}, leaving.signal);
    await waitUntil("the request has arrived", async () => (await faultsFired()) === 1);
    await waitUntil("it has acted, or not", async () => (await state()).orders.length === orders);
    leaving.abort();
    expect(await answer).toBe("dropped");
  },
);

test("a partial fill executes its fraction of a market order and expires the rest", async () => {
  await paper.useFaults(once({ kind: "partial_fill", fraction: 0.4 }));
  await send("part");
  expect((await state()).orders).toMatchObject([{ status: "EXPIRED", executedQty: "0.004" }]);
});

test("a clock that is ahead refuses honest timestamps and says so in /time", async () => {
  await paper.useFaults({ rules: [{ effect: { kind: "clock_skew", ms: 10_000 } }] });
  expect(await send("early", { recvWindow: "5000" })).toMatchObject({
    status: 400,
    text: expect.stringContaining("-1021"),
  });
  const time = z.object({ serverTime: z.number() }).parse((await paper.call("GET", "/fapi/v1/time")).body);
  expect(time.serverTime - Date.now()).toBeGreaterThan(9000);
  expect(await send("synced", { timestamp: String(time.serverTime) })).toMatchObject({ status: 200 });
});

test.each([
  ["drop", "dropped"],
  ["timeout", { status: 408 }],
  ["unknown_503", { status: 503 }],
] as const)("an order under way is answered (%s) before it is executed", async (reply, answer) => {
  // Longer than this test takes; the reset at its end calls the order off.
  await paper.useFaults(once({ kind: "delayed_execution", ms: 60_000, reply }));
  const got = await send("late");
  if (answer === "dropped") expect(got).toBe("dropped");
  else expect(got).toMatchObject(answer);
  const lookup = { symbol: "BTCUSDT", origClientOrderId: "late" };
  const missing = await paper.call("GET", "/fapi/v1/order", lookup);
  expect(missing.body).toMatchObject({ code: -2013 });
});

test("an order under way arrives", async () => {
  await paper.useFaults(once({ kind: "delayed_execution", ms: 40 }));
  await send("late");
  const lookup = { symbol: "BTCUSDT", origClientOrderId: "late" };
  await waitUntil(
    "it arrived",
    async () => (await paper.call("GET", "/fapi/v1/order", lookup)).status === 200,
  );
});

test("an order that arrives after its recvWindow is not executed", async () => {
  await paper.useFaults(once({ kind: "delayed_execution", ms: 1500 }));
  await send("stale", { recvWindow: "1000" });
  await waitUntil("it was refused", async () => {
    const seen = z
      .object({ endpoints: z.record(z.string(), z.unknown()) })
      .parse(await paper.read("requests"));
    return seen.endpoints["POST /fapi/v1/order (late)"] !== undefined;
  });
  expect((await state()).orders).toEqual([]);
});

test("a reset venue never sees what was under way to its predecessor", async () => {
  await paper.useFaults(once({ kind: "delayed_execution", ms: 30 }));
  await send("ghost");
  await paper.admin("POST", "reset");
  await paper.useFaults({ rules: [{ effect: { kind: "latency", ms: 40 } }] });
  await paper.call("GET", "/fapi/v1/time");
  expect((await state()).orders).toEqual([]);
});

test("faults are switched off", async () => {
  await paper.useFaults({ rules: [{ effect: { kind: "lost_request" } }] });
  expect(await send("lost")).toBe("dropped");
  await paper.clearFaults();
  expect(await send("found")).toMatchObject({ status: 200 });
});

test("a script that is wrong is refused with every fault and changes nothing", async () => {
  const rules = [{ effect: { kind: "meteor" } }, { probability: 2, effect: { kind: "lost_reply" } }];
  const response = await paper.admin("POST", "faults", { rules });
  expect(response.status).toBe(400);
  const text = await response.text();
  expect(text).toContain("rules[0].effect");
  expect(text).toContain("rules[1].probability");
  expect(await send("fine")).toMatchObject({ status: 200 });
});
