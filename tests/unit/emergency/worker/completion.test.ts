import { describe, expect, test } from "bun:test";
import type { PanicEvent } from "../../../../lib/contract/panic.ts";
import {
  buildCompletion,
  joinedCompletion,
  type RunView,
  refusedCompletion,
} from "../../../../lib/emergency/worker/build-completion.ts";
import {
  applyRecord,
  emptyMemory,
  isOver,
  joinedTo,
  lastRun,
  legKey,
  openRun,
  type PanicMemory,
} from "../../../../lib/emergency/worker/panic-memory.ts";

const event = (event_id: string): PanicEvent => ({
  ...{ event_id, reason: "R", severity: "CRITICAL", issued_by: "ops", ts: 1 },
});
const accept = (memory: PanicMemory, event_id: string, joins: string | null = null, at_ms = 1000) =>
  applyRecord(memory, { type: "accepted", at_ms, event: event(event_id), via: "stream", joins });

/** A panic that found a long and a short, and sent a close for the long. */
function running(): PanicMemory {
  const memory = emptyMemory();
  accept(memory, "p");
  applyRecord(memory, {
    type: "found",
    event_id: "p",
    legs: [
      { symbol: "ETHUSDT", position_side: "BOTH", quantity: "0.5" },
      { symbol: "BTCUSDT", position_side: "BOTH", quantity: "-0.1" },
    ],
  });
  applyRecord(memory, {
    ...{ type: "signed", event_id: "p", symbol: "ETHUSDT", position_side: "BOTH", n: 1 },
    ...{ client_order_id: "c1", quantity: "0.5", signed_venue_ms: 5, recv_window_ms: 2000 },
  });
  applyRecord(memory, { type: "settled", event_id: "p", client_order_id: "c1", outcome: "accepted" });
  return memory;
}

const panicOf = (memory: PanicMemory, id: string) => {
  const standing = memory.panics.get(id);
  if (standing === undefined) throw new Error(`no panic ${id}`);
  return standing;
};
const view = (change: Partial<RunView> = {}): RunView => ({
  ...{ openLegs: new Set(), dust: new Map(), lastKnown: [], uncancelled: [], errors: new Map(), trouble: "" },
  ...change,
});

describe("a completion", () => {
  test("of a run that is flat counts every position it found as closed, with the orders that did it", () => {
    const completion = buildCompletion(panicOf(running(), "p"), view(), { status: "flat", nowMs: 3500 });
    expect(completion).toMatchObject({
      ...{ status: "flat", positions_total: 2, positions_closed: 2, positions_failed: 0, failed_symbols: [] },
      ...{ ts_started: 1000, ts_completed: 3500, execution_time_ms: 2500 },
    });
    expect(completion.results.map(({ symbol, orders }) => [symbol, orders])).toEqual([
      ["ETHUSDT", ["c1"]],
      ["BTCUSDT", []],
    ]);
  });

  test("of one that is not names what is open, and why", () => {
    const open = legKey("BTCUSDT", "BOTH");
    const late = view({
      openLegs: new Set([open]),
      errors: new Map([[open, "-4131"]]),
      uncancelled: ["SOLUSDT"],
    });
    const completion = buildCompletion(panicOf(running(), "p"), late, { status: "failed", nowMs: 11_000 });
    expect(completion).toMatchObject({ positions_total: 2, positions_closed: 1, positions_failed: 1 });
    expect(completion.failed_symbols).toEqual(["BTCUSDT", "SOLUSDT"]);
    expect(completion.results[1]).toMatchObject({ symbol: "BTCUSDT", closed: false, error: "-4131" });
  });

  test("names what was open before when nothing could be read since, and every symbol when that is not known", () => {
    const memory = emptyMemory();
    accept(memory, "p");
    const blind = view({ openLegs: undefined, trouble: "positions unreadable", uncancelled: ["*"] });
    const at = { status: "failed", nowMs: 11_000 } as const;
    const nothing = buildCompletion(panicOf(memory, "p"), blind, at);
    expect(nothing).toMatchObject({ positions_total: 1, positions_failed: 1, failed_symbols: ["*"] });
    const lastKnown = [{ symbol: "ETHUSDT", positionSide: "BOTH", quantity: "0.5" }] as const;
    const known = buildCompletion(panicOf(memory, "p"), { ...blind, lastKnown }, at);
    expect(known).toMatchObject({ failed_symbols: ["ETHUSDT"], detail: "positions unreadable" });
  });

  test("of a panic that joined is `joined` when all is flat and `failed` before", () => {
    const memory = running();
    accept(memory, "q", "p", 2000);
    const standing = panicOf(memory, "p");
    const failed = buildCompletion(standing, view({ trouble: "T" }), { status: "failed", nowMs: 11_000 });
    expect(joinedCompletion(panicOf(memory, "q"), failed)).toMatchObject({
      event_id: "q",
      status: "failed",
      detail: "joined p: T",
    });
    const flat = buildCompletion(standing, view(), { status: "flat", nowMs: 12_000 });
    expect(joinedCompletion(panicOf(memory, "q"), flat)).toMatchObject({
      status: "joined",
      execution_time_ms: 10_000,
    });
  });

  test("of a refusal keeps what was sent within bounds", () => {
    const refused = refusedCompletion("x".repeat(1000), "y".repeat(1000), 5);
    expect([refused.event_id.length, refused.detail.length]).toEqual([64, 512]);
  });
});

describe("the memory of panics", () => {
  test("knows the panic that runs, who joined it, and when it is over", () => {
    const memory = running();
    accept(memory, "q", "p");
    expect(openRun(memory)?.event.event_id).toBe("p");
    expect(joinedTo(memory, "p").map((one) => one.event.event_id)).toEqual(["q"]);
    const completion = buildCompletion(panicOf(memory, "p"), view(), { status: "flat", nowMs: 2 });
    applyRecord(memory, { type: "completed", event_id: "p", final: true, completion });
    expect(isOver(panicOf(memory, "p"))).toBe(true);
    expect(openRun(memory)).toBeUndefined();
    expect(lastRun(memory)?.event.event_id).toBe("p");
  });

  test("keeps the order that has no outcome in doubt", () => {
    const memory = running();
    applyRecord(memory, {
      ...{ type: "signed", event_id: "p", symbol: "BTCUSDT", position_side: "BOTH", n: 1 },
      ...{ client_order_id: "c2", quantity: "0.1", signed_venue_ms: 6, recv_window_ms: 2000 },
    });
    const orders = [...panicOf(memory, "p").legs.values()].flatMap((leg) => leg.orders);
    expect(orders.map(({ clientOrderId, outcome }) => [clientOrderId, outcome])).toEqual([
      ["c1", "accepted"],
      ["c2", "open"],
    ]);
  });

  test("accepts an id once, and forgets a record whose panic is not known", () => {
    const memory = running();
    accept(memory, "p", null, 9999);
    expect(panicOf(memory, "p").acceptedMs).toBe(1000);
    applyRecord(memory, { type: "published", event_id: "unknown", final: true });
    expect(memory.panics.size).toBe(1);
  });

  test("owes Redis the halt again for a panic that joins: it may have been cleared there meanwhile", () => {
    const memory = running();
    applyRecord(memory, { type: "halt_confirmed", event_id: "p", at_ms: 1 });
    accept(memory, "q", "p");
    expect(panicOf(memory, "p").haltConfirmed).toBe(false);
  });

  test("takes a clearing as the end of the halt: it is not written to Redis any more", () => {
    const memory = running();
    expect([memory.halted, panicOf(memory, "p").haltConfirmed]).toEqual([true, false]);
    applyRecord(memory, { type: "cleared", at_redis_ms: 77, by: "me", why: "" });
    expect([memory.halted, panicOf(memory, "p").haltConfirmed]).toEqual([false, true]);
  });
});
