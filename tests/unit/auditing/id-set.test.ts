import { expect, test } from "bun:test";
import fc from "fast-check";
import { IdSet } from "../../../lib/auditing/id-set.ts";

const digits = (max: bigint) => fc.bigInt(0n, max).map(String);
/** Near to each other, at the ends of a block and beyond what a number holds. */
const time = fc.oneof(
  fc.constantFrom(
    "0",
    "1",
    "1000",
    "999999",
    "1000000",
    "1000001",
    "1763787000000",
    "1763787999999",
    "1763788000000",
  ),
  digits(2n ** 64n - 1n),
);
const sequence = fc.oneof(
  fc.constantFrom("0", "1", "999999999", "1000000000", "9007199254", "9007199255"),
  digits(2n ** 64n - 1n),
);
const id = fc.oneof(
  fc.tuple(time, sequence).map((parts) => parts.join("-")),
  fc.constantFrom("", "1", "01-0", "1-00", "=1", "1-0 1-0", "-", "1763787000000"),
);
const entry = fc.tuple(fc.constantFrom("a", "b", "a 1", "a 1763787"), id);

test("it has what was added, of any stream and any id, and nothing else", () => {
  const property = fc.property(fc.array(entry), fc.array(entry), (added, asked) => {
    const ids = new IdSet();
    for (const [stream, one] of added) ids.add(stream, one);
    const has = (pair: readonly string[]) => added.some((one) => Bun.deepEquals(one, pair));
    for (const [stream, one] of [...added, ...asked]) expect(ids.has(stream, one)).toBe(has([stream, one]));
  });
  fc.assert(property, { numRuns: 1000 });
});
