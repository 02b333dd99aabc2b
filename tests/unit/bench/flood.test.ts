import { expect, test } from "bun:test";
import { flood } from "../../../scripts/bench/drive/flood.ts";

const pool = Array.from({ length: 100 }, (_, at) => Buffer.from(String(at)));

function server(answersAfterMs: number) {
  const taken: Buffer[] = [];
  return {
    taken,
    raw: {
      drive: async (commands: readonly Buffer[]) => {
        taken.push(...commands);
        await Bun.sleep(answersAfterMs);
        return answersAfterMs;
      },
      close: () => {},
    },
  };
}

test("a flood is never faster than asked, and goes through its pool over and over in order", async () => {
  const { raw, taken } = server(0);
  const { sent, elapsedMs } = await flood(raw, pool, { perSec: 5000, forMs: 100 });
  expect(sent).toBe(taken.length);
  expect(sent).toBeLessThanOrEqual((5000 * elapsedMs) / 1000);
  expect(sent).toBeGreaterThan(0);
  for (const [at, command] of taken.entries()) expect(String(command)).toBe(String(at % pool.length));
});

test("a server that is slow to answer is not buried: the next write waits for it", async () => {
  const { raw, taken } = server(150);
  await flood(raw, pool, { perSec: 1_000_000, forMs: 100 });
  expect(taken.length).toBeLessThanOrEqual(pool.length);
});
