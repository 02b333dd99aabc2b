import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { z } from "zod";
import { OUTCOME_TABLE, type OutcomeRow, type OutcomeRowId } from "../../../lib/exchange/outcome-classes.ts";
import type { faultScriptSchema } from "../../../lib/paper/faults/fault-script.ts";
import { type PaperFixture, startPaper } from "../../support/paper-exchange.ts";
import { ENTRY, exchangeTo, signNow } from "./exchange-to.ts";

type Effect = z.input<typeof faultScriptSchema>["rules"][number]["effect"];

interface Case {
  readonly row: OutcomeRowId;
  readonly what: string;
  readonly effect: Effect;
  /** Whether the venue executed the order behind the answer. */
  readonly executed: boolean;
}

const ROWS: readonly OutcomeRow<OutcomeRowId>[] = OUTCOME_TABLE;

/** Both codes at the edges of a range, and one within. */
function codesOf(row: OutcomeRow): readonly number[] {
  return (row.codes ?? []).flatMap((code) =>
    typeof code === "number" ? [code] : [code[0], code[1], code[0] + 1],
  );
}

/** Every code of a row as an answer without execution; of an ambiguous row also behind an executed order. */
const codeCases: readonly Case[] = ROWS.flatMap((row) =>
  codesOf(row).flatMap((code) => {
    const one = (executed: boolean): Case => ({
      row: row.id,
      what: `${code}${executed ? ", executed" : ""}`,
      effect: { kind: "error", code, status: 400, executed },
      executed,
    });
    return row.phase === "ambiguous" ? [one(false), one(true)] : [one(false)];
  }),
);

const bothWays = (
  row: OutcomeRowId,
  what: string,
  effect: (executed: boolean) => Effect,
): readonly Case[] => [
  { row, what, effect: effect(false), executed: false },
  { row, what: `${what}, executed`, effect: effect(true), executed: true },
];

const answerCases: readonly Case[] = [
  ...([-1008, -1016] as const).map((code): Case => {
    const row = code === -1008 ? "OVERLOADED" : "SHUTTING_DOWN";
    return { row, what: `${code} with 503`, effect: { kind: "error", code, status: 503 }, executed: false };
  }),
  { row: "NO_REPLY", what: "a request that is lost", effect: { kind: "lost_request" }, executed: false },
  { row: "NO_REPLY", what: "a reply that is lost", effect: { kind: "lost_reply" }, executed: true },
  {
    row: "NO_REPLY",
    what: "a reply after the deadline",
    effect: { kind: "latency", ms: 900, when: "after" },
    executed: true,
  },
  {
    row: "HTTP_LIMITED",
    what: "429",
    effect: { kind: "limited", status: 429, retryAfterSec: 3 },
    executed: false,
  },
  {
    row: "HTTP_LIMITED",
    what: "418",
    effect: { kind: "limited", status: 418, retryAfterSec: 300 },
    executed: false,
  },
  ...[408, 500, 502, 504].flatMap((status) =>
    bothWays("HTTP_UNKNOWN", String(status), (executed) => ({ kind: "http", status, executed })),
  ),
  {
    row: "SERVICE_UNAVAILABLE",
    what: "503 with that text",
    effect: { kind: "unavailable", text: "unavailable" },
    executed: false,
  },
  ...bothWays("SERVICE_UNKNOWN", "503 with that text", (executed) => ({
    kind: "unavailable",
    text: "unknown",
    executed,
  })),
  ...bothWays("UNRECOGNISED", "a body that is not JSON", (executed) => ({ kind: "garbage", executed })),
  ...bothWays("UNRECOGNISED", "a code that is not listed", (executed) => ({
    kind: "error",
    code: -9999,
    executed,
  })),
  ...bothWays("UNRECOGNISED", "JSON that is no order", (executed) => ({
    kind: "garbage",
    body: "{}",
    executed,
  })),
  ...bothWays("UNRECOGNISED", "a 503 page of a proxy", (executed) => ({
    kind: "http",
    status: 503,
    body: "<h1>Service Unavailable.</h1>",
    executed,
  })),
];

let paper: PaperFixture;
beforeAll(async () => {
  paper = await startPaper({ settings: { PAPER_ORDER_LIMIT_10S: 10_000, PAPER_ORDER_LIMIT_1M: 10_000 } });
});
afterAll(() => paper[Symbol.asyncDispose]());
beforeEach(async () => {
  await paper.admin("POST", "reset");
  await paper.setPrice("BTCUSDT", "60000");
});

const stateSchema = z.object({ orders: z.array(z.object({ clientOrderId: z.string() })) });
const ordersAtVenue = async () =>
  stateSchema.parse(await paper.read("state")).orders.map((order) => order.clientOrderId);

test.each([...answerCases, ...codeCases])("$row, $what", async ({ row, effect, executed }) => {
  const exchange = exchangeTo(paper.url, { requestTimeoutMs: 300 });
  await paper.useFaults({ rules: [{ match: { path: "/fapi/v1/order", method: "POST" }, effect }] });
  const sent = await exchange.submitOrder(ENTRY, signNow(exchange));
  if (sent.phase === "accepted") throw new Error("accepted");
  const expected = ROWS.find((one) => one.id === row);
  if (expected === undefined) throw new Error(`no row ${row}`);
  const { class: outcomeClass, advice, phase, retryable } = expected;
  expect(sent.outcome).toMatchObject({ row, class: outcomeClass, advice });
  expect({ phase: sent.phase, retryable: sent.retryable }).toEqual({ phase, retryable });
  // What the table calls rejected was not executed, and what is in doubt is told by the client id.
  expect(await ordersAtVenue()).toEqual(executed ? ["entry-1"] : []);
  if (phase === "ambiguous") {
    const found = await exchange.queryOrder("BTCUSDT", "entry-1");
    expect(found).toMatchObject(
      executed ? { kind: "found", order: { status: "FILLED" } } : { kind: "absent" },
    );
  }
});

test("CONNECTION_REFUSED, a venue that is down: nothing was sent", async () => {
  const gone = await startPaper();
  await gone[Symbol.asyncDispose]();
  const exchange = exchangeTo(gone.url);
  const sent = await exchange.submitOrder(ENTRY, signNow(exchange));
  expect(sent).toMatchObject({ phase: "rejected", retryable: true, outcome: { row: "CONNECTION_REFUSED" } });
});

test("WITHHELD, after a 429: nothing is sent before Retry-After, and the wait is said", async () => {
  const exchange = exchangeTo(paper.url);
  const effect = { kind: "limited", status: 429, retryAfterSec: 3 } as const;
  await paper.useFaults({ rules: [{ match: { path: "/fapi/v1/order" }, count: 1, effect }] });
  await exchange.submitOrder(ENTRY, signNow(exchange));
  const held = await exchange.submitOrder({ ...ENTRY, kind: "exit" }, signNow(exchange));
  expect(held).toMatchObject({ phase: "rejected", outcome: { row: "WITHHELD", class: "LIMITED" } });
  if (held.phase === "accepted") throw new Error("accepted");
  expect(held.outcome.retryAfterMs).toBeWithin(1, 3001);
  expect(await ordersAtVenue()).toEqual([]);
  expect(exchange.admit("exit", { weight: 0, orders: 1 })).toMatchObject({ kind: "refused" });
});

test("every row of the table has a case here", () => {
  const covered = new Set<string>([...answerCases, ...codeCases].map((one) => one.row));
  covered.add("CONNECTION_REFUSED").add("WITHHELD");
  expect(ROWS.map((row) => row.id).filter((id) => !covered.has(id))).toEqual([]);
});
