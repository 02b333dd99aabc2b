import { expect, test } from "bun:test";
import type { AlgoOrder, ListReading } from "../../../lib/exchange/exchange.ts";
import { StopInventory } from "../../../lib/exits/stop-inventory.ts";

const FAILED: Extract<ListReading<never>, { ok: false }> = {
  ok: false,
  outcome: {
    ...{ row: "NO_REPLY", class: "UNKNOWN", phase: "ambiguous", retryable: true, advice: "NONE" },
    ...{ httpStatus: null, code: null, message: "", retryAfterMs: null },
  },
};

function inventoryOf() {
  const asked: string[] = [];
  const now = { ms: 1000 };
  const answer: { reading: ListReading<AlgoOrder> } = { reading: { ok: true, value: [] } };
  const exchange = {
    openAlgoOrders: (symbol?: string) => {
      asked.push(symbol ?? "all");
      return Promise.resolve(answer.reading);
    },
  };
  const inventory = new StopInventory(exchange, () => now.ms);
  const pass = async (afterMs: number, symbols: readonly string[] = ["BTCUSDT"]) => {
    now.ms += afterMs;
    await inventory.refresh(symbols);
  };
  return { inventory, asked, now, answer, pass };
}

test("all symbols are read at first and every 15 s, every minute while there is nothing", async () => {
  const { asked, pass } = inventoryOf();
  await pass(0);
  await pass(14_000);
  expect(asked).toEqual(["all"]);
  await pass(2000);
  expect(asked).toEqual(["all", "all"]);
  await pass(20_000, []);
  expect(asked.length).toBe(2);
  await pass(41_000, []);
  expect(asked.length).toBe(3);
});

test("a symbol in doubt is read by itself, and not known until it was", async () => {
  const { inventory, asked, pass, now } = inventoryOf();
  await pass(0);
  expect(inventory.readAtMs("BTCUSDT")).toBe(1000);
  inventory.doubt("BTCUSDT");
  expect(inventory.readAtMs("BTCUSDT")).toBeUndefined();
  await pass(1000);
  expect(asked).toEqual(["all", "BTCUSDT"]);
  expect(inventory.readAtMs("BTCUSDT")).toBe(now.ms);
});

test("many in doubt are read all at once, and that not more often than every four seconds", async () => {
  const { inventory, asked, pass } = inventoryOf();
  const symbols = Array.from({ length: 100 }, (_, n) => `S${n}`);
  for (let second = 0; second < 60; second += 1) {
    for (const symbol of symbols) inventory.doubt(symbol);
    await pass(1000, symbols);
  }
  expect(new Set(asked)).toEqual(new Set(["all"]));
  // Weight 40 each: under a third of 2400 a minute.
  expect(asked.length).toBeLessThanOrEqual(15);
});

test("a failed reading leaves what was known, and is repeated", async () => {
  const { inventory, asked, pass, answer } = inventoryOf();
  answer.reading = FAILED;
  await pass(0);
  expect(inventory.readAtMs("BTCUSDT")).toBeUndefined();
  await pass(1000);
  await pass(4000);
  expect(asked).toEqual(["all", "all"]);
  answer.reading = { ok: true, value: [] };
  await pass(5000);
  inventory.doubt("BTCUSDT");
  answer.reading = FAILED;
  await pass(1000);
  expect(inventory.readAtMs("BTCUSDT")).toBeUndefined();
  await pass(1000);
  expect(asked).toEqual(["all", "all", "all", "BTCUSDT", "BTCUSDT"]);
});

test("an odd row hides no other symbol's stops: each is read by itself", async () => {
  const { inventory, asked, pass, answer, now } = inventoryOf();
  answer.reading = { ...FAILED, sound: [] };
  await pass(0, ["BTCUSDT", "ETHUSDT"]);
  expect(inventory.readAtMs("BTCUSDT")).toBeUndefined();
  answer.reading = { ok: true, value: [] };
  await pass(1000, ["BTCUSDT", "ETHUSDT"]);
  expect(asked).toEqual(["all", "BTCUSDT", "ETHUSDT"]);
  expect(inventory.readAtMs("ETHUSDT")).toBe(now.ms);
});
