import { afterAll, beforeAll, expect, test } from "bun:test";
import clockLua from "../../../lib/kernel/lua/clock.lua" with { type: "text" };
import { type KernelServer, startKernelServer } from "../../support/kernel-server.ts";

let server: KernelServer;
beforeAll(async () => {
  server = await startKernelServer();
});
afterAll(async () => await server[Symbol.asyncDispose]());

/** Runs the library's own clock part, with the instants handed in. */
async function utcDays(instants: readonly number[]): Promise<string[]> {
  const script = `${clockLua}
    local days = {}
    for i = 1, #ARGV do
      local day, midnight = utc_day(tonumber(ARGV[i]))
      days[i] = day .. ' ' .. string.format('%d', midnight)
    end
    return days`;
  return server.client.flat("EVAL", script, "0", ...instants.map(String));
}

/** The same by the runtime's calendar. */
function expected(ms: number): string {
  const start = new Date(ms);
  const day = start.toISOString().slice(0, 10).replaceAll("-", "");
  const midnight = Date.UTC(start.getUTCFullYear(), start.getUTCMonth(), start.getUTCDate() + 1);
  return `${day} ${midnight / 1000}`;
}

const DAY_MS = 86_400_000;

test("every day from 1970 to 2105 has the calendar's name, at its first and at its last millisecond", async () => {
  const days = Math.floor(Date.UTC(2105, 0, 1) / DAY_MS);
  const instants = Array.from({ length: days }, (_, at) => [at * DAY_MS, (at + 1) * DAY_MS - 1]).flat();
  for (let from = 0; from < instants.length; from += 5000) {
    const slice = instants.slice(from, from + 5000);
    expect(await utcDays(slice)).toEqual(slice.map(expected));
  }
});

test.each([
  ["2024-02-28T23:59:59.999Z", "20240228"],
  ["2024-02-29T00:00:00.000Z", "20240229"],
  ["2024-02-29T23:59:59.999Z", "20240229"],
  ["2024-03-01T00:00:00.000Z", "20240301"],
  ["2100-02-28T23:59:59.999Z", "21000228"],
  ["2100-03-01T00:00:00.000Z", "21000301"],
  ["2000-02-29T12:00:00.000Z", "20000229"],
  ["2025-12-31T23:59:59.999Z", "20251231"],
  ["2026-01-01T00:00:00.000Z", "20260101"],
])("%s is in %s", async (instant, day) => {
  expect((await utcDays([Date.parse(instant)]))[0]).toStartWith(`${day} `);
});
