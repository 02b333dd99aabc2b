import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { compileRole } from "../../support/compile-role.ts";
import { closings, openStage, restingOf, type WorkerStage } from "./worker-stage.ts";

let folder = "";
let command: string[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "quantum-worker-binary-"));
  command = [await compileRole(folder, "emergency-exit-worker")];
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const POSITIONS = 100;
const LATENCY_MS = 50;
const AT_ONCE = 20;
const SYMBOLS = Array.from({ length: POSITIONS }, (_, at) => `SIM${String(at + 1).padStart(3, "0")}USDT`);
const requestsSchema = z.object({
  endpoints: z.record(z.string(), z.record(z.string(), z.number())),
  orders: z.array(z.object({ clientOrderId: z.string(), receivedAtMs: z.number() })),
});

/** A long on every symbol, an entry resting on a fifth of them, a stop on half of them. */
async function openMany(stage: WorkerStage): Promise<void> {
  const limit = { side: "BUY", type: "LIMIT", timeInForce: "GTC", price: "9.9", quantity: "10" };
  for (const symbol of SYMBOLS) await stage.paper.setPrice(symbol, "10");
  for (const symbol of SYMBOLS) await stage.open(symbol, "BUY", "10");
  for (const symbol of SYMBOLS.slice(0, 20))
    await stage.paper.call("POST", "/fapi/v1/order", { symbol, ...limit });
  for (const symbol of SYMBOLS.slice(0, 50)) await stage.protect(symbol, "SELL", "9.7");
}

/**
 * The least that the closes could take at this moment, ms: four round trips in a row, then one for each position, 20 at
 * once. Measured, because a busy machine makes every round trip longer than the venue's latency.
 */
async function leastMs(stage: WorkerStage): Promise<number> {
  const ask = () => stage.paper.call("GET", "/fapi/v1/ping");
  const beganMs = performance.now();
  for (let trip = 0; trip < 4; trip += 1) await ask();
  for (let sent = 0; sent < POSITIONS; sent += AT_ONCE)
    await Promise.all(Array.from({ length: AT_ONCE }, ask));
  return performance.now() - beganMs;
}

describe("a panic with 100 positions on 100 symbols, at 50 ms a request", () => {
  test("keeps to 20 at once and the venue's limits, and closes in a few times the least it could take", async () => {
    const settings = { PAPER_EXTRA_SYMBOLS: POSITIONS, PAPER_BALANCE_USD: "10000000" };
    await using stage = await openStage(command, { settings });
    await openMany(stage);
    // A machine that others keep busy must not make an order arrive too late for its window.
    await stage.start({ RECV_WINDOW_MS: "3000", REQUEST_TIMEOUT_MS: "5000" });
    await stage.paper.useFaults({ rules: [{ effect: { kind: "latency", ms: LATENCY_MS } }] });
    const leastBeforeMs = await leastMs(stage);
    const completion = await stage.end(await stage.panic());
    const leastAfterMs = await leastMs(stage);
    expect(completion).toMatchObject({
      status: "flat",
      positions_total: POSITIONS,
      positions_closed: POSITIONS,
    });
    const sight = await stage.venue();
    expect(restingOf(sight)).toEqual({ plain: 0, conditional: 0 });
    expect(Object.values(closings(sight))).toEqual(SYMBOLS.map(() => 1));
    const { endpoints, orders } = requestsSchema.parse(await stage.paper.read("requests"));
    const refused = Object.values(endpoints).flatMap((statuses) =>
      Object.keys(statuses).filter((one) => one !== "200"),
    );
    expect(refused).toEqual([]);
    const sentAt = orders
      .filter(({ clientOrderId }) => clientOrderId.startsWith("panic-"))
      .map(({ receivedAtMs }) => receivedAtMs)
      .sort((one, other) => one - other);
    // The venue holds each for the latency: more than 20 in half of it were under way together.
    for (const [at, ms] of sentAt.entries()) {
      expect((sentAt[at + AT_ONCE] ?? Number.POSITIVE_INFINITY) - ms).toBeGreaterThan(LATENCY_MS / 2);
    }
    const flatMs = (sentAt.at(-1) ?? 0) + LATENCY_MS - completion.ts_started;
    expect(flatMs).toBeLessThan(6 * Math.max(leastBeforeMs, leastAfterMs));
  }, 120_000);
});
