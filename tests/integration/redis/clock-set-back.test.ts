import { expect, test } from "bun:test";
import { systemClock } from "../../../lib/daemon/clock.ts";
import { connectRedisOver } from "../../../lib/redis/lasting-connection.ts";
import type { OpenWire, WireEnd } from "../../../lib/redis/wire.ts";
import { keptLog } from "../../support/quiet-log.ts";
import { waitUntil } from "../../support/wait-until.ts";

/** A server that answers nothing but what a connection asks by itself, by a clock that the test sets. */
function clockServer(clock: { offsetMs: number }): OpenWire {
  return ({ signal }) => {
    const { promise: ended, resolve } = Promise.withResolvers<WireEnd>();
    const end = (kind: WireEnd["kind"], why: string) => resolve({ kind, error: new Error(why) });
    signal?.addEventListener("abort", () => end("destroyed", "closed by us"));
    return Promise.resolve({
      ended,
      send: ([name]) => {
        const ms = Date.now() + clock.offsetMs;
        return Promise.resolve(name === "TIME" ? [Math.floor(ms / 1000), (ms % 1000) * 1000] : "OK");
      },
      destroy: () => end("destroyed", "closed by us"),
      abandon: (why) => end("lost", why),
    });
  };
}

test.each([
  ["set back by an hour gets a new connection, which is dated by it", -3_600_000, 2],
  ["set forward keeps its connection", 3_600_000, 1],
  ["set back by less than a second keeps its connection", -500, 1],
])("a server whose clock is %s", async (_name, offsetMs, connections) => {
  const clock = { offsetMs: 0 };
  const sinceMs: number[] = [];
  const redis = connectRedisOver(clockServer(clock), {
    ...{ url: "unix:///none", name: "test", clock: systemClock, random: Math.random, log: keptLog() },
    onConnected: async (commands) => void sinceMs.push(commands.serverNowMs()),
  });
  await redis.whenReady();
  clock.offsetMs = offsetMs;
  const isMeasured = () => Math.abs(redis.serverNowMs() - (Date.now() + offsetMs)) < 250;
  await waitUntil("the clock was measured anew", isMeasured);
  if (connections > 1) await waitUntil("it is dated anew", () => sinceMs.length === connections);
  await redis.whenReady();
  expect(sinceMs).toHaveLength(connections);
  expect(sinceMs.at(-1) ?? Number.NaN).toBeLessThanOrEqual(
    redis.serverNowMs() + (Math.max(0, -offsetMs) % 1000),
  );
  await redis.close();
});
