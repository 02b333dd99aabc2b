/** Clearing a halt while another panic comes in, which the worker's part is played for by hand. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GROUPS } from "../../../lib/contract/groups.ts";
import { keysOf } from "../../../lib/contract/keys.ts";
import { systemClock } from "../../../lib/daemon/clock.ts";
import { clearHalt } from "../../../lib/operator/clear-halt.ts";
import { connectRedis, type RedisConnection } from "../../../lib/redis/connection.ts";
import { keptLog } from "../../support/quiet-log.ts";
import { type RedisServer, startRedisServer } from "../../support/redis-server.ts";

const keys = keysOf("");
const folder = mkdtempSync(join(tmpdir(), "quantum-clear-halt-"));
const haltFile = join(folder, "halted");
const WHY = { why: "looked at", force: false };
let server: RedisServer;
let redis: RedisConnection;

beforeAll(async () => {
  server = await startRedisServer();
  const surroundings = { clock: systemClock, random: Math.random, log: keptLog() };
  redis = connectRedis({ url: server.url, name: "operator", ...surroundings });
  await redis.whenReady();
});
afterAll(async () => {
  await redis.close();
  await server[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  await server.cli("FLUSHALL");
  await halt("first", "1000");
  writeFileSync(haltFile, "first");
});

const halt = (eventId: string, ts: string) =>
  server.cli("HSET", keys.tradingState, "halted", "true", "event_id", eventId, "ts", ts);
const publish = () => server.cli("XADD", keys.panicStream, "*", "reason", "TEST");
const state = async () => (await server.cli("HMGET", keys.tradingState, "halted", "event_id")).split("\n");

/** Clears; `meanwhile` happens while the venue is asked what is open. */
async function clear(meanwhile: () => unknown, by = WHY, through = redis) {
  const exchange = () => ({
    connect: async () => ({ ok: true, value: { fingerprint: "f", hedgeMode: false } }) as const,
    positions: async () => {
      await meanwhile();
      return { ok: true, value: [] } as const;
    },
  });
  return clearHalt({ redis: through, keys, haltFile, who: "alice", instance: "one", exchange }, by);
}

/** The connection; `act` happens once the nth command of a name has been answered, and before that is known. */
function after([name, nth]: readonly [string, number], act: () => unknown): RedisConnection {
  let count = 0;
  return {
    ...{ state: redis.state, deadlineMs: redis.deadlineMs, serverNowMs: () => redis.serverNowMs() },
    ...{
      whenReady: () => redis.whenReady(),
      dependency: () => redis.dependency(),
      close: () => redis.close(),
    },
    async command(args, options) {
      const reply = await redis.command(args, options);
      if (args[0] === name) count += 1;
      if (args[0] === name && count === nth) await act();
      return reply;
    },
  };
}

/** The worker's group has the panics of the stream, and has acknowledged none. */
const workerReads = () =>
  server.cli("XREADGROUP", "GROUP", GROUPS.emergencyExitWorker, "w", "STREAMS", keys.panicStream, ">");

describe("a halt that is being cleared", () => {
  test.each([
    ["of another panic", () => halt("second", "2000")],
    ["given anew", () => halt("first", "2000")],
  ])("stays when it is %s by the time the venue has answered", async (_, meanwhile) => {
    expect(await clear(meanwhile)).toMatchObject({ kind: "refused" });
    expect((await state())[0]).toBe("true");
    expect(existsSync(haltFile)).toBe(true);
  });

  test("stays when another panic has put its file, or has come into the stream, and is not in Redis yet", async () => {
    expect(await clear(publish)).toMatchObject({ kind: "refused" });
    expect(await clear(() => writeFileSync(haltFile, "second"))).toMatchObject({ kind: "refused" });
    expect((await state())[0]).toBe("true");
    expect(readFileSync(haltFile, "utf8")).toBe("second");
  });

  test("stays, unless it is forced, while a panic waits for the worker", async () => {
    await server.cli("XGROUP", "CREATE", keys.panicStream, GROUPS.emergencyExitWorker, "0", "MKSTREAM");
    const id = (await publish()).trim();
    const unread = await clear(() => undefined);
    await workerReads();
    const unanswered = await clear(() => undefined);
    const why = expect.stringContaining("has not answered");
    expect([unread, unanswered]).toEqual([
      { kind: "refused", why },
      { kind: "refused", why },
    ]);
    expect(await clear(() => undefined, { ...WHY, force: true })).toEqual({ kind: "cleared" });
    expect((await server.cli("HGET", keys.tradingState, "cleared_through")).trim()).toBe(id);
  });

  test("goes, with its file, once the panic is answered and nothing else came", async () => {
    await server.cli("XGROUP", "CREATE", keys.panicStream, GROUPS.emergencyExitWorker, "0", "MKSTREAM");
    const id = (await publish()).trim();
    await workerReads();
    await server.cli("XACK", keys.panicStream, GROUPS.emergencyExitWorker, id);
    expect(await clear(() => undefined)).toEqual({ kind: "cleared" });
    expect((await state())[0]).toBe("false");
    expect(existsSync(haltFile)).toBe(false);
  });

  test("stays when it changes after the last look", async () => {
    const touched = after(["XREVRANGE", 2], () => halt("second", "2000"));
    expect(await clear(() => undefined, WHY, touched)).toMatchObject({ kind: "refused" });
    expect((await state())[0]).toBe("true");
    expect(existsSync(haltFile)).toBe(true);
  });

  test("goes though the worker has taken its file away by then; a newer panic's file stays", async () => {
    const taken = after(["EXEC", 1], () => rmSync(haltFile));
    expect(await clear(() => undefined, WHY, taken)).toEqual({ kind: "cleared" });
    await halt("first", "1000");
    const put = after(["EXEC", 1], () => writeFileSync(haltFile, "second"));
    expect(await clear(() => undefined, WHY, put)).toMatchObject({ kind: "refused" });
    expect(existsSync(haltFile)).toBe(true);
  });
});
