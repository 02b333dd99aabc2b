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
