import { expect, test } from "bun:test";
import { instantMs } from "../../../lib/contract/instant.ts";

const AT = Date.UTC(2026, 0, 2, 3, 4, 5);

test.each([
  ["2026-01-02T03:04:05Z", AT],
  ["2026-01-02T03:04:05", AT],
  ["2026-01-02 03:04:05.250000", AT + 250],
  ["2026-01-02T05:04:05+02:00", AT],
  [AT, AT],
  [AT / 1000, AT],
  [`${AT / 1000}.5`, AT + 500],
  ["1767323045", AT],
])("%p is that instant, in UTC where no zone is named", (input, expected) => {
  expect(instantMs(input)).toBe(expected);
});

test.each([
  ["2026-01-02"],
  ["yesterday"],
  [""],
  ["NaN"],
  [null],
  [undefined],
  [-5],
  ["12"],
  ["2026-13-45T99:99"],
])("%p is no instant", (input) => {
  expect(instantMs(input)).toBeUndefined();
});
