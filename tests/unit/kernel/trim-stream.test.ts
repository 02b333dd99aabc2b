import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import fc from "fast-check";
import { trimStream } from "../../../lib/kernel/trim-stream.ts";
import { type KernelServer, startKernelServer } from "../../support/kernel-server.ts";

const STREAM = "s";
let server: KernelServer;
beforeAll(async () => {
  server = await startKernelServer();
});
afterAll(async () => await server[Symbol.asyncDispose]());
beforeEach(async () => {
  await server.client.command(["FLUSHDB"]);
});

const run = (...args: string[]) => server.client.command(args);
const retention = (
  entriesKept: number | undefined,
  groups: readonly string[],
  optionalGroups: readonly string[] = [],
) => ({
  ...{ stream: STREAM, entriesKept, groups, optionalGroups },
});
const trim = (...how: Parameters<typeof retention>) => trimStream(server.client, retention(...how));

/** Appends entries 1-0, 2-0, … */
async function append(from: number, count: number): Promise<void> {
  for (let at = from; at < from + count; at += 1) await run("XADD", STREAM, `${at}-0`, "n", String(at));
}

async function left(): Promise<number[]> {
  const reply = await run("XRANGE", STREAM, "-", "+");
  return (Array.isArray(reply) ? reply : []).map((entry) => Number.parseInt(String([entry].flat()[0]), 10));
}

async function read(group: string, count: number): Promise<number[]> {
  const reply = await run("XREADGROUP", "GROUP", group, "c", "COUNT", String(count), "STREAMS", STREAM, ">");
  return [...JSON.stringify(reply ?? []).matchAll(/"(\d+)-0"/g)].map((match) => Number(match[1]));
}

/** What the two groups have done, in plain TypeScript. */
class Reader {
  exists = false;
  lastRead = 0;
  readonly pending = new Set<number>();
}

type Step =
  | { readonly kind: "append"; readonly count: number }
  | { readonly kind: "create"; readonly group: 0 | 1 | 2 }
  | { readonly kind: "read"; readonly group: 0 | 1 | 2; readonly count: number }
  | { readonly kind: "ack"; readonly group: 0 | 1 | 2; readonly which: number }
  | { readonly kind: "delete"; readonly which: number }
  | { readonly kind: "trim"; readonly keep: number };

const group = fc.constantFrom(0 as const, 0 as const, 0 as const, 1 as const, 1 as const, 2 as const);
const count = fc.integer({ min: 1, max: 8 });
/** Mostly in order, as real consumers acknowledge. */
const oldish = fc.constantFrom(0, 0, 0, 0, 1, 2, 5);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("append" as const), count }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("create" as const), group }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("read" as const), group, count }) },
  { weight: 9, arbitrary: fc.record({ kind: fc.constant("ack" as const), group, which: oldish }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("delete" as const), which: fc.nat(8) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("trim" as const), keep: fc.nat(6) }) },
);
/** A stream in the middle of its work, which random steps alone seldom come to. */
const BUSY: readonly Step[] = [
  { kind: "append", count: 8 },
  { kind: "create", group: 0 },
  { kind: "read", group: 0, count: 6 },
  { kind: "ack", group: 0, which: 0 },
  { kind: "ack", group: 0, which: 0 },
];
/** Two groups of the contract, and a stranger's, which holds nothing. */
const NAMES = ["needed", "optional", "stranger"] as const;

interface World {
  readonly readers: readonly Reader[];
  entries: number[];
  appended: number;
}

/** The lowest entry that a group of the contract has not finished, deleted ones included. */
function lowestNeeded({ readers: [needed, optional] }: World): number {
  if (needed?.exists !== true) return 0;
  const ofReader = (reader: Reader | undefined) =>
    reader?.exists === true ? Math.min(reader.lastRead + 1, ...reader.pending) : Number.POSITIVE_INFINITY;
  return Math.min(ofReader(needed), ofReader(optional));
}

/** Entries that a group of the contract has not finished. */
function stillNeeded({ readers, entries }: World): number[] {
  const [needed, optional] = readers;
  if (needed?.exists !== true) return [...entries];
  const unfinished = (reader: Reader | undefined, entry: number) =>
    reader?.exists === true && (entry > reader.lastRead || reader.pending.has(entry));
  return entries.filter((entry) => unfinished(needed, entry) || unfinished(optional, entry));
}

async function apply(one: Step, world: World): Promise<void> {
  const reader = "group" in one ? world.readers[one.group] : undefined;
  const name = "group" in one ? NAMES[one.group] : "";
  switch (one.kind) {
    case "append": {
      await append(world.appended + 1, one.count);
      for (let at = 1; at <= one.count; at += 1) world.entries.push(world.appended + at);
      world.appended += one.count;
      break;
    }
    case "create":
      if (reader === undefined || reader.exists) break;
      await run("XGROUP", "CREATE", STREAM, name, "0", "MKSTREAM");
      reader.exists = true;
      break;
    case "read":
      if (reader?.exists !== true) break;
      for (const entry of await read(name, one.count)) {
        reader.lastRead = entry;
        reader.pending.add(entry);
      }
      break;
    case "ack": {
      const entry = [...(reader?.pending ?? [])][one.which];
      if (entry === undefined) break;
      await run("XACK", STREAM, name, `${entry}-0`);
      reader?.pending.delete(entry);
      break;
    }
    case "delete": {
      const entry = world.entries[one.which];
      if (entry === undefined) break;
      await run("XDEL", STREAM, `${entry}-0`);
      world.entries = world.entries.filter((other) => other !== entry);
      break;
    }
    case "trim":
      await checkTrim(one.keep, world);
  }
}

async function checkTrim(keep: number, world: World): Promise<void> {
  const needed = stillNeeded(world);
  const before = world.entries;
  const removed = await trim(keep, ["needed"], ["optional"]);
  world.entries = await left();
  expect(removed).toBe(before.length - world.entries.length);
  expect(needed.filter((entry) => !world.entries.includes(entry))).toEqual([]);
  expect(world.entries).toEqual(before.slice(removed));
  expect(world.entries.length).toBeGreaterThanOrEqual(Math.min(keep, before.length));
  // It takes all that it may: what is older than the first needed one and beyond what is kept.
  const firstNeeded = lowestNeeded(world);
  const beyond = before.slice(0, Math.max(0, before.length - keep));
  expect(world.entries.filter((entry) => entry < firstNeeded && beyond.includes(entry))).toEqual([]);
}

test("whatever was read, acknowledged and deleted, no entry goes that a group of the contract needs", async () => {
  await fc.assert(
    fc.asyncProperty(fc.boolean(), fc.array(step, { minLength: 20, maxLength: 90 }), async (busy, steps) => {
      await run("FLUSHDB");
      const world: World = { readers: NAMES.map(() => new Reader()), entries: [], appended: 0 };
      for (const one of busy ? [...BUSY, ...steps] : steps) await apply(one, world);
      await checkTrim(0, world);
    }),
    { numRuns: 150 },
  );
}, 120_000);

test("a stream without readers of the contract keeps its newest entries", async () => {
  await append(1, 10);
  expect(await trim(3, [])).toBe(7);
  expect(await left()).toEqual([8, 9, 10]);
});

test("nothing goes before a group of the contract exists: it will read from the beginning", async () => {
  await append(1, 10);
  expect(await trim(3, ["needed"])).toBe(0);
  await run("XGROUP", "CREATE", STREAM, "needed", "0");
  expect(await trim(3, ["needed"])).toBe(0);
});

test("a stranger's group holds nothing", async () => {
  await append(1, 10);
  await run("XGROUP", "CREATE", STREAM, "stranger", "0");
  expect(await trim(3, [])).toBe(7);
});

test("more than one call's worth goes in several calls", async () => {
  const script = "for i = 1, 2500 do redis.call('XADD', KEYS[1], i .. '-0', 'n', i) end";
  await run("EVAL", script, "1", STREAM);
  expect(await trim(10, [])).toBe(2490);
  expect(await left()).toEqual(Array.from({ length: 10 }, (_, at) => 2491 + at));
});

test("with nothing to be kept everything goes that every group has finished", async () => {
  await append(1, 5);
  await run("XGROUP", "CREATE", STREAM, "needed", "3-0");
  expect(await trim(0, ["needed"])).toBe(3);
  await read("needed", 2);
  expect(await trim(0, ["needed"])).toBe(0);
  await run("XACK", STREAM, "needed", "4-0", "5-0");
  expect(await trim(0, ["needed"])).toBe(2);
});

test("what is kept for ever is not touched, and an absent stream is no error", async () => {
  expect(await trim(0, [])).toBe(0);
  await append(1, 3);
  expect(await trim(undefined, [])).toBe(0);
  expect(await left()).toEqual([1, 2, 3]);
});

test("a key that is no stream is left as it is", async () => {
  await run("SET", STREAM, "text");
  expect(await trim(0, [])).toBe(0);
  expect(await run("GET", STREAM)).toBe("text");
});

const BEYOND = 2n ** 63n;
test.each([
  ["numbers beyond what a float holds", [`5-${BEYOND - 1001n}`, `5-${BEYOND - 1000n}`, `5-${BEYOND - 999n}`]],
  ["milliseconds beyond it", [`${BEYOND - 1001n}-0`, `${BEYOND - 1000n}-0`, `${BEYOND - 999n}-0`]],
  ["another count of digits", ["5-9", "5-10", "5-11"]],
  ["nines", ["5-1899", "5-1900", "5-1901"]],
  ["the last number of a millisecond", [`5-${2n ** 64n - 1n}`, "6-0", "6-1"]],
])("nothing unread is trimmed where ids have %s", async (_what, ids) => {
  for (const id of ids) await run("XADD", STREAM, id, "n", "1");
  await run("XGROUP", "CREATE", STREAM, "g", "0");
  await run("XREADGROUP", "GROUP", "g", "c", "COUNT", "1", "STREAMS", STREAM, ">");
  await run("XACK", STREAM, "g", ids[0] ?? "");
  expect(await trim(0, ["g"])).toBe(1);
  expect(JSON.stringify(await run("XRANGE", STREAM, "-", "+"))).toContain(ids[1] ?? "");
  expect(await run("XLEN", STREAM)).toBe(2);
});
