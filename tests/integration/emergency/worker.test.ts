import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { compileRole } from "../../support/compile-role.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { closings, openStage, restingOf, soundPanic, type WorkerStage } from "./worker-stage.ts";

let folder = "";
let command: string[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "quantum-worker-binary-"));
  command = [await compileRole(folder, "emergency-exit-worker")];
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const requestsSchema = z.object({
  orders: z.array(z.object({ clientOrderId: z.string(), receivedAtMs: z.number() })),
});

/** A long and a short with their stops, an entry and a take-profit in the book, a conditional entry. */
async function openBusyAccount(stage: WorkerStage): Promise<void> {
  await stage.open("ETHUSDT", "BUY", "0.5");
  await stage.open("BTCUSDT", "SELL", "0.05");
  await stage.protect("ETHUSDT", "SELL", "2900");
  await stage.protect("BTCUSDT", "BUY", "63000");
  const limit = { type: "LIMIT", timeInForce: "GTC" };
  const rest = (order: Record<string, string | boolean>) =>
    stage.paper.call("POST", "/fapi/v1/order", { ...limit, ...order });
  await rest({ symbol: "SOLUSDT", side: "BUY", quantity: "1", price: "150" });
  await rest({ symbol: "ETHUSDT", side: "SELL", quantity: "0.5", price: "3100", reduceOnly: true });
  const conditional = {
    algoType: "CONDITIONAL",
    type: "STOP_MARKET",
    quantity: "0.01",
    triggerPrice: "66000",
  };
  await stage.paper.call("POST", "/fapi/v1/algoOrder", { ...conditional, symbol: "BTCUSDT", side: "BUY" });
}

describe("a panic with positions and resting orders", () => {
  test("ends with no position, no order, and both positions closed once", async () => {
    await using stage = await openStage(command);
    await openBusyAccount(stage);
    expect(restingOf(await stage.venue())).toEqual({ plain: 2, conditional: 3 });
    await stage.start();
    const completion = await stage.end(await stage.panic());
    expect(completion).toMatchObject({
      ...{ status: "flat", positions_total: 2, positions_closed: 2, positions_failed: 0, failed_symbols: [] },
    });
    const results = completion.results.map(({ symbol, quantity, closed }) => [symbol, quantity, closed]);
    expect(results.sort()).toEqual([
      ["BTCUSDT", "-0.05", true],
      ["ETHUSDT", "0.5", true],
    ]);
    const sight = await stage.venue();
    expect(sight.positions).toEqual([]);
    expect(restingOf(sight)).toEqual({ plain: 0, conditional: 0 });
    expect(closings(sight)).toEqual({ "ETHUSDT BOTH": 1, "BTCUSDT BOTH": 1 });
    const ours = sight.orders.filter(({ clientOrderId }) => clientOrderId.startsWith("panic-"));
    expect(ours.every(({ reduceOnly }) => reduceOnly)).toBe(true);
  }, 120_000);

  test("halts, records itself and acknowledges its entry", async () => {
    await using stage = await openStage(command);
    await stage.open("ETHUSDT", "BUY", "0.5");
    await stage.start();
    const eventId = await stage.panic();
    await stage.end(eventId);
    expect(await stage.trading()).toMatchObject({
      ...{ halted: "true", source: "ops", reason: "TEST", event_id: eventId },
      ...{ positions_closed: "1", requires_manual_reset: "true" },
    });
    expect(existsSync(stage.haltFile)).toBe(true);
    expect(await stage.pending()).toBe(0);
    const processed = await stage.redis.cli("HGET", "system:panic_close:processed", eventId);
    expect(JSON.parse(processed)).toMatchObject({ state: "DONE", status: "flat" });
  }, 120_000);

  test("halts in file and Redis before the first close", async () => {
    await using stage = await openStage(command);
    await stage.open("ETHUSDT", "BUY", "0.5");
    await stage.start();
    await stage.end(await stage.panic());
    const [accepted] = await stage.journal("accepted");
    const [confirmed] = await stage.journal("halt_confirmed");
    const requests = requestsSchema.parse(await stage.paper.read("requests"));
    const close = requests.orders.find(({ clientOrderId }) => clientOrderId.startsWith("panic-"));
    expect(statSync(stage.haltFile).mtimeMs).toBeLessThanOrEqual(Number(accepted?.["at_ms"]) + 1);
    expect(Number(confirmed?.["at_ms"])).toBeLessThanOrEqual(Number(close?.receivedAtMs));
  }, 120_000);

  test("keeps the stops until all is flat", async () => {
    await using stage = await openStage(command);
    await stage.open("ETHUSDT", "BUY", "0.5");
    await stage.protect("ETHUSDT", "SELL", "2900");
    const close = { method: "POST", path: "/fapi/v1/order" } as const;
    await stage.paper.useFaults({
      rules: [{ match: close, effect: { kind: "unavailable", text: "unavailable" } }],
    });
    await stage.start();
    const eventId = await stage.panic();
    await waitUntil("a close is refused", async () => (await stage.journal("settled")).length > 0);
    expect(restingOf(await stage.venue())).toEqual({ plain: 0, conditional: 1 });
    await stage.paper.clearFaults();
    await stage.end(eventId);
    expect(restingOf(await stage.venue())).toEqual({ plain: 0, conditional: 0 });
  }, 120_000);
});

describe("a panic closes", () => {
  test("the long and the short of one symbol in hedge mode, each by its position side", async () => {
    await using stage = await openStage(command);
    await stage.paper.call("POST", "/fapi/v1/positionSide/dual", { dualSidePosition: true });
    await stage.open("ETHUSDT", "BUY", "0.5", { positionSide: "LONG" });
    await stage.open("ETHUSDT", "SELL", "0.3", { positionSide: "SHORT" });
    await stage.start();
    const completion = await stage.end(await stage.panic());
    expect(completion).toMatchObject({ status: "flat", positions_total: 2, positions_closed: 2 });
    const sight = await stage.venue();
    expect(sight.positions).toEqual([]);
    expect(closings(sight)).toEqual({ "ETHUSDT LONG": 1, "ETHUSDT SHORT": 1 });
  }, 120_000);

  test("a position larger than one market order in parts", async () => {
    const settings = { PAPER_BALANCE_USD: "10000000", PAPER_LEVEL_USD: "10000000" };
    await using stage = await openStage(command, { settings });
    await stage.paper.setPrice("XRPUSDT", "0.02");
    for (let at = 0; at < 3; at += 1) await stage.open("XRPUSDT", "BUY", "1500000");
    await stage.start();
    const completion = await stage.end(await stage.panic());
    expect(completion.results[0]).toMatchObject({ symbol: "XRPUSDT", quantity: "4500000", closed: true });
    const sight = await stage.venue();
    expect(sight.positions).toEqual([]);
    expect(closings(sight)).toEqual({ "XRPUSDT BOTH": 3 });
  }, 120_000);

  test("what an entry in flight opens after the halt", async () => {
    await using stage = await openStage(command);
    const entry = { method: "POST", params: { newClientOrderId: "in-flight" } } as const;
    await stage.paper.useFaults({
      rules: [{ match: entry, effect: { kind: "delayed_execution", ms: 1500 } }],
    });
    await stage.start({ RECV_WINDOW_MS: "3000" });
    const order = { symbol: "ETHUSDT", side: "BUY", type: "MARKET", quantity: "0.4" };
    const sent = { ...order, newClientOrderId: "in-flight", recvWindow: 3000 };
    await stage.paper.call("POST", "/fapi/v1/order", sent).catch(() => undefined);
    const completion = await stage.end(await stage.panic());
    expect(completion).toMatchObject({ status: "flat", positions_total: 1, positions_closed: 1 });
    const sight = await stage.venue();
    expect(sight.orders.find(({ clientOrderId }) => clientOrderId === "in-flight")?.status).toBe("FILLED");
    expect(sight.positions).toEqual([]);
  }, 120_000);

  test("nothing where nothing is open, and says so", async () => {
    await using stage = await openStage(command);
    await stage.start();
    const completion = await stage.end(await stage.panic());
    expect(completion).toMatchObject({ status: "flat", positions_total: 0, results: [] });
  }, 120_000);
});

describe("the panic socket", () => {
  test("is open to owner and group alone, and replaces what a killed worker left", async () => {
    await using stage = await openStage(command);
    const first = await stage.start();
    expect(statSync(stage.socket).mode & 0o777).toBe(0o660);
    first.kill("SIGKILL");
    await first.exited;
    expect(existsSync(stage.socket)).toBe(true);
    await stage.start();
    expect((await stage.callSocket(soundPanic())).status).toBe(202);
  }, 120_000);

  test("that another worker answers on ends the start with 78", async () => {
    await using stage = await openStage(command);
    await stage.start();
    const second = await stage.start({ QUANTUM_INSTANCE: "two" }, "waiting");
    expect(await second.exited).toBe(78);
    expect(second.stderr()).toMatch(
      /PANIC_SOCKET: process \d+ listens on .* already; .* another PANIC_SOCKET/,
    );
  }, 120_000);

  test("takes a panic while Redis is down; halt and completion are written when it returns", async () => {
    await using stage = await openStage(command);
    await stage.open("ETHUSDT", "BUY", "0.5");
    await stage.start();
    await stage.redis.stop({ kill: true });
    const panic = soundPanic();
    const reply = await stage.callSocket(panic);
    expect([reply.status, await reply.json()]).toEqual([
      202,
      { event_id: panic.event_id, state: "accepted" },
    ]);
    expect(existsSync(stage.haltFile)).toBe(true);
    await waitUntil("the venue is flat", async () => (await stage.venue()).positions.length === 0);
    await waitUntil("the panic is over", async () => (await stage.journal("completed")).length === 1);
    expect(await stage.journal("published")).toEqual([]);
    await stage.redis.restart();
    expect(await stage.end(panic.event_id)).toMatchObject({ status: "flat", positions_closed: 1 });
    expect(await stage.trading()).toMatchObject({ halted: "true", source: "watchdog" });
    expect(await stage.ends()).toHaveLength(1);
  }, 120_000);

  test("takes nothing but a panic", async () => {
    await using stage = await openStage(command);
    await stage.start();
    expect((await stage.callSocket(soundPanic({ issued_by: "intruder" }))).status).toBe(400);
    expect((await fetch("http://localhost/v1/halt", { unix: stage.socket, method: "DELETE" })).status).toBe(
      404,
    );
    const text = {
      method: "POST",
      body: "x".repeat(20_000),
      headers: { "content-type": "application/json" },
    };
    expect((await fetch("http://localhost/v1/panic", { unix: stage.socket, ...text })).status).toBe(413);
    const refused = await waitUntil("the refusal is recorded", async () => (await stage.completions())[0]);
    expect(refused).toMatchObject({ status: "refused", detail: expect.stringContaining("issued_by") });
    expect(await stage.journal("accepted")).toEqual([]);
  }, 120_000);
});
