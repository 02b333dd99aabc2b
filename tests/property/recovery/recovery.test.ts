import { afterAll, beforeAll, expect, test } from "bun:test";
import fc from "fast-check";
import { GROUPS } from "../../../lib/contract/groups.ts";
import { deadLetterStreamOf } from "../../../lib/contract/keys.ts";
import { groupOf, type RecoveryBench, startRecoveryBench } from "../../support/recovery-bench.ts";
import { validIntent } from "../../support/valid-trade.ts";

let bench: RecoveryBench;
beforeAll(async () => {
  bench = await startRecoveryBench();
});
afterAll(() => bench[Symbol.asyncDispose]());

const CONSUMERS = ["execution-a", "execution-b", "execution-c", "4711"] as const;

const entry = fc.record({
  consumer: fc.constantFrom(...CONSUMERS),
  kind: fc.constantFrom("sound", "sound", "exit", "poison", "deleted"),
  stale: fc.boolean(),
});
const world = fc.record({
  alive: fc.subarray(["a", "b", "c"]),
  pending: fc.array(entry, { maxLength: 25 }),
  unread: fc.nat(3),
  mayMove: fc.boolean(),
});

type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

const DOCUMENTS = {
  sound: () => JSON.stringify(validIntent()),
  deleted: () => JSON.stringify(validIntent()),
  exit: () => JSON.stringify(validIntent({ reduce_only: true })),
  poison: () => "{",
} as const;

/** Builds it; what is pending, by id. */
async function build({ alive, pending, unread }: World) {
  const { keys } = bench;
  await bench.reset();
  for (const instance of alive) {
    await bench.beat("execution", instance);
    const consumer = ["XGROUP", "CREATECONSUMER", keys.intentStream, GROUPS.executionIntents];
    await bench.run(...consumer, `execution-${instance}`);
  }
  const left = new Map<string, World["pending"][number]>();
  const intents = { stream: keys.intentStream, group: GROUPS.executionIntents };
  for (const one of pending) {
    const document = ["data", DOCUMENTS[one.kind]()];
    const [id = ""] = await bench.leavePending(one.consumer, [document], { ...intents, stale: one.stale });
    if (one.kind === "deleted") await bench.run("XDEL", keys.intentStream, id);
    left.set(id, one);
  }
  for (let n = 0; n < unread; n += 1)
    await bench.run("XADD", keys.intentStream, "*", "data", DOCUMENTS.sound());
  return left;
}

const isAlive = (alive: readonly string[], consumer: string) =>
  alive.some((instance) => consumer === `execution-${instance}`);

/** Where an entry has to be after a run: with whom, or nowhere because it was put aside or is lost. */
function expectedHolders(state: World, one: World["pending"][number]): readonly string[] {
  const alive = state.alive.map((instance) => `execution-${instance}`);
  if (!state.mayMove || !one.stale || isAlive(state.alive, one.consumer)) return [one.consumer];
  if (one.kind === "deleted" || one.kind === "poison") return [];
  return alive.length > 0 ? alive : [one.consumer];
}

test("whatever dead consumers left: every entry is where it belongs, and a second run changes nothing", async () => {
  await fc.assert(
    fc.asyncProperty(world, async (state) => {
      const left = await build(state);
      const { keys } = bench;
      const run = () => bench.recover({ mayMove: state.mayMove, zombieIdleMs: 0 });
      const first = groupOf(await run(), GROUPS.executionIntents);
      const holders = new Map<string, string>();
      for (const name of CONSUMERS) for (const id of await bench.pendingOf(name)) holders.set(id, name);
      for (const [id, one] of left) {
        const expected = expectedHolders(state, one);
        if (expected.length === 0) expect(holders.has(id)).toBe(false);
        else expect([...expected]).toContain(holders.get(id) ?? "nobody");
      }
      const letters = Number(await bench.run("XLEN", deadLetterStreamOf(keys.intentStream)));
      expect([letters, Number(await bench.run("XLEN", keys.resultStream))]).toEqual([
        ...[first.deadLetters, first.deadLetters],
      ]);
      expect(first.lost + first.deadLetters + holders.size).toBe(left.size);
      const second = groupOf(await run(), GROUPS.executionIntents);
      expect(second).toMatchObject({ claimed: 0, lost: 0, deadLetters: 0, lag: first.lag });
      const after = new Map<string, string>();
      for (const name of CONSUMERS) for (const id of await bench.pendingOf(name)) after.set(id, name);
      expect([...after]).toEqual([...holders]);
    }),
    { numRuns: 60 },
  );
}, 120_000);
