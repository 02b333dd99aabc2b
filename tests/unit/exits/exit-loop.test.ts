import { expect, test } from "bun:test";
import { FAILED, position } from "./book-fixtures.ts";
import { BRAIN_KEYS, type BrainWorld, brainOf, RULES } from "./brain-fixtures.ts";
import { STORED_LONG } from "./exit-fixtures.ts";

/** A long that is beyond its stop, its plan, and nobody who executes exits; `word`: what the ledger says of every one. */
function lostLong(word: string | null = null): { readonly world: BrainWorld; readonly exits: () => number } {
  let exits = 0;
  const redis = ([name, key]: readonly string[]) => {
    if (name === "XADD") exits += key === BRAIN_KEYS.exitIntentStream ? 1 : 0;
    if (name === "HGETALL") return Object.entries(STORED_LONG).flat();
    return name === "XADD" ? "1-1" : name === "HGET" ? word : [];
  };
  const list = { ok: true as const, value: [position()] };
  return { world: { ms: 0, list, mark: "94", rules: RULES, redis }, exits: () => exits };
}

test("an exit that nobody executes is no failure while the list lacks its position, and is one when it is back", async () => {
  const { world, exits } = lostLong();
  const brain = brainOf(world);
  const { list } = world;
  expect(await brain.cycle(1000)).toEqual([]);
  expect(exits()).toBe(1);
  expect(await brain.cycle(2000)).toEqual([]);
  world.list = { ok: true, value: [] };
  expect(await brain.cycle(3000)).toEqual([]);
  expect(brain.loop.watches.size).toBe(1);
  world.list = list;
  expect(await brain.cycle(4000)).toEqual(["EXIT_UNCONFIRMED"]);
});

test("an exit that is refused while the venue does not trade the symbol is no failure, until it trades it again", async () => {
  const { world } = lostLong("REJECTED");
  const brain = brainOf(world);
  world.rules = { ...RULES, status: "SETTLING" };
  const cycles = async (fromMs: number, toMs: number) => {
    const degraded = new Set<string>();
    for (let ms = fromMs; ms <= toMs; ms += 1000) {
      for (const why of (await brain.cycle(ms)) ?? []) degraded.add(why);
    }
    return [...degraded];
  };
  await cycles(1000, 4000);
  expect(await cycles(5000, 40_000)).toEqual([]);
  world.rules = RULES;
  await cycles(41_000, 72_000);
  expect(await cycles(73_000, 75_000)).toEqual(["EXIT_UNCONFIRMED"]);
});

test("an exit that was refused for longer than a hundred numbers is carried out at once by a process after a restart", async () => {
  const ledger = new Map<string, string>();
  const state = { isTraded: false, executed: 0, duplicates: 0 };
  const { world } = lostLong();
  world.redis = ([name, key = "", ...rest]: readonly string[]) => {
    if (name === "HGETALL") return Object.entries(STORED_LONG).flat();
    if (name === "HGET") return ledger.get(key.slice(BRAIN_KEYS.orderLedgerPrefix.length)) ?? null;
    if (name !== "XADD" || key !== BRAIN_KEYS.exitIntentStream) return name === "XADD" ? "1-1" : [];
    const intentId = /"intent_id":"([^"]+)"/.exec(rest.join(" "))?.[1] ?? "";
    if (ledger.has(intentId)) state.duplicates += 1;
    else state.executed += state.isTraded ? 1 : 0;
    if (!ledger.has(intentId)) ledger.set(intentId, state.isTraded ? "FILLED" : "REJECTED");
    return "1-1";
  };
  world.rules = { ...RULES, status: "SETTLING" };
  const before = brainOf(world);
  let ms = 0;
  while (ms < 400_000) {
    ms += 1000;
    await before.cycle(ms);
  }
  expect(ledger.size).toBeGreaterThan(100);
  state.isTraded = true;
  world.rules = RULES;
  const after = brainOf(world);
  const fromMs = ms;
  const degraded = new Set<string>();
  while (state.executed === 0 && ms < fromMs + 600_000) {
    ms += 1000;
    for (const why of (await after.cycle(ms)) ?? []) degraded.add(why);
  }
  expect(ms - fromMs).toBeLessThanOrEqual(2000);
  expect([...degraded]).toEqual([]);
});

test("an exit of what no order can close is asked for again, and seldom", async () => {
  const { world, exits } = lostLong("REJECTED");
  world.list = { ok: true, value: [{ ...position(), quantity: "0.0005" }] };
  const brain = brainOf(world);
  const degraded = new Set<string>();
  for (let ms = 1000; ms <= 3_600_000; ms += 1000) {
    for (const why of (await brain.cycle(ms)) ?? []) degraded.add(why);
  }
  expect([...degraded]).toEqual([]);
  expect(exits()).toBeGreaterThan(50);
  expect(exits()).toBeLessThan(100);
});

test("an exit that nobody answers is a failure, whether or not the venue trades the symbol", async () => {
  const { world } = lostLong();
  world.rules = { ...RULES, status: "SETTLING" };
  const brain = brainOf(world);
  await brain.cycle(1000);
  expect(await brain.cycle(3000)).toEqual(["EXIT_UNCONFIRMED"]);
});

test.each([
  ["the stream's, though it has fallen silent, over one of a reading that is older", 2500, 1],
  ["the reading's over one of a stream that is silent for longer", 9000, 0],
])("of two old prices the fresher one counts: %s", async (_, markAgeMs, expected) => {
  const { world, exits } = lostLong();
  world.mark = "101";
  const brain = brainOf(world);
  await brain.cycle(1000);
  world.list = FAILED;
  Object.assign(world, { mark: "94", markAgeMs });
  await brain.cycle(6000);
  expect(exits()).toBe(expected);
});
