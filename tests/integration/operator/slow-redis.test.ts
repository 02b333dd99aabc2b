import { expect, test } from "bun:test";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { type RedisServer, startRedisServer } from "../../support/redis-server.ts";

/** Longer than a daemon waits for an answer. */
const REPLY_LATE_MS = 700;

/** Redis behind a line on which every answer comes late. */
async function lateRedis(redis: RedisServer) {
  const path = redis.url.replace("unix://", "");
  const server = createServer((near) => {
    const far = connect(path);
    near.on("data", (bytes) => far.write(bytes));
    far.on("data", (bytes) => setTimeout(() => near.write(bytes), REPLY_LATE_MS));
    for (const end of [near, far]) end.on("error", () => undefined);
    near.on("close", () => far.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  return { url: `redis://127.0.0.1:${port}`, [Symbol.asyncDispose]: async () => void server.close() };
}

test("a command waits for a Redis that answers late", async () => {
  await using redis = await startRedisServer();
  await using late = await lateRedis(redis);
  const child = Bun.spawn(["bun", "cmd/quantumctl.ts", "faults"], {
    cwd: join(import.meta.dir, "../../.."),
    env: {
      PATH: Bun.env["PATH"] ?? "",
      TRADING_MODE: "PAPER",
      REDIS_URL: late.url,
      USER: "alice",
      NO_COLOR: "1",
    },
    ...({ stdin: "ignore", stdout: "pipe", stderr: "pipe" } as const),
  });
  const [words, code] = await Promise.all([child.stderr.text(), child.exited]);
  expect([words, code]).toEqual(["", 0]);
}, 60_000);
