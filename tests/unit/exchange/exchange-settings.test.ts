import { expect, test } from "bun:test";
import { z } from "zod";
import { EXCHANGE_SETTINGS } from "../../../lib/exchange/exchange-settings.ts";

const schema = z.strictObject(EXCHANGE_SETTINGS);

test("an empty environment gives the defaults", () => {
  expect(schema.parse({})).toEqual({ RECV_WINDOW_MS: 2000, REQUEST_TIMEOUT_MS: 3000, EXIT_RESERVE_PCT: 20 });
});

test.each([
  ["RECV_WINDOW_MS", "60001"],
  ["RECV_WINDOW_MS", "2 s"],
  ["REQUEST_TIMEOUT_MS", "0"],
  ["EXIT_RESERVE_PCT", "91"],
  ["EXIT_RESERVE_PCT", "-1"],
])("%s=%s is a fault", (name, value) => {
  expect(schema.safeParse({ [name]: value }).success).toBe(false);
});
