import { expect, test } from "bun:test";
import { position } from "./book-fixtures.ts";
import { BRAIN_KEYS, type BrainWorld, brainOf, RULES } from "./brain-fixtures.ts";
import { STORED_LONG } from "./exit-fixtures.ts";

/** A long that is beyond its stop, its plan, and nobody who executes exits. */
function lostLong(): { readonly world: BrainWorld; readonly exits: () => number } {
  let exits = 0;
  const redis = ([name, key]: readonly string[]) => {
    if (name === "XADD") exits += key === BRAIN_KEYS.exitIntentStream ? 1 : 0;
    if (name === "HGETALL") return Object.entries(STORED_LONG).flat();
    return name === "XADD" ? "1-1" : name === "HGET" ? null : [];
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
