import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { atRest } from "../../../scripts/stack/at-rest.ts";
import { readPipeline } from "../../../scripts/stack/read-pipeline.ts";
import { reconcile } from "../../../scripts/stack/reconcile.ts";
import {
  decide,
  type Pipeline,
  publish,
  resultOf,
  results,
  startPipeline,
  statistic,
  WIDE_OPEN,
} from "../../support/pipeline.ts";
import { startLoad } from "../../support/steady-load.ts";
import { validIntent, validOn } from "../../support/valid-trade.ts";
import { waitUntil } from "../../support/wait-until.ts";

/** How long Redis is out of service, in seconds; the full length is 10. */
const OUTAGE_MS = Number(Bun.env["REDIS_OUTAGE_SEC"] ?? "3") * 1000;
const DAEMONS = ["ai-strategy-router", "execution"] as const;

let pipeline: Pipeline;
beforeAll(async () => {
  pipeline = await startPipeline({ env: WIDE_OPEN, appendfsync: "always" });
});
afterAll(() => pipeline[Symbol.asyncDispose]());

interface Fault {
  begin(): Promise<unknown>;
  end(): Promise<unknown>;
}

const redisProcess = () => pipeline.stack.redis.process();
const command = (...args: string[]) => pipeline.eye.command(...args);

const FAULTS: Readonly<Record<string, Fault>> = {
  stopped: {
    begin: () => redisProcess().stop(),
    end: () => pipeline.stack.redis.start(),
  },
  "killed and restarted on its file": {
    begin: async () => {
      redisProcess().signal("SIGKILL");
      await redisProcess().exited;
    },
    end: () => pipeline.stack.redis.start(),
  },
  hung: {
    begin: async () => redisProcess().signal("SIGSTOP"),
    end: async () => redisProcess().signal("SIGCONT"),
  },
  "made a replica, read-only": {
    begin: () => command("REPLICAOF", "127.0.0.1", "1"),
    end: () => command("REPLICAOF", "NO", "ONE"),
  },
  "short of replicas, read-only": {
    begin: () => command("CONFIG", "SET", "min-replicas-to-write", "1"),
    end: () => command("CONFIG", "SET", "min-replicas-to-write", "0"),
  },
  "out of memory": {
    begin: () => command("CONFIG", "SET", "maxmemory", "1"),
    end: () => command("CONFIG", "SET", "maxmemory", "0"),
  },
};

async function readiness(role: (typeof DAEMONS)[number]): Promise<{ ok: boolean; text: string }> {
  const reply = await fetch(`${pipeline.stack.daemons[role].url}/readyz`);
  return { ok: reply.ok, text: await reply.text() };
}

const bothReady = () =>
  waitUntil(
    "both daemons are ready",
    async () => (await Promise.all(DAEMONS.map(readiness))).every((one) => one.ok),
    { everyMs: 50 },
  );

/** Both daemons as the process that they were: neither ended, neither is a new one. */
const processes = () => DAEMONS.map((role) => pipeline.stack.daemons[role].process().pid);

/** What `/readyz` must say, beside 503. */
const SAID: Readonly<Record<string, RegExp>> = {
  stopped: /"redis".*(?:down|hung)/,
  "killed and restarted on its file": /"redis".*(?:down|hung)/,
  hung: /"redis".*hung/,
  "made a replica, read-only": /READONLY/,
  "short of replicas, read-only": /NOREPLICAS/,
  "out of memory": /OOM/,
};

test.each(Object.keys(FAULTS))(
  "Redis %s under load: said by /readyz, survived without a restart, nothing lost, nothing executed twice",
  async (name) => {
    const fault = FAULTS[name];
    const before = processes();
    const load = startLoad(pipeline);
    await waitUntil("decisions flow", () => load.acknowledged() >= 30);
    const began = performance.now();
    await fault?.begin();
    for (const role of DAEMONS) {
      await waitUntil(`${role} says what is wrong`, async () => {
        const { ok, text } = await readiness(role);
        return !ok && SAID[name]?.test(text);
      });
    }
    await waitUntil("the outage is over", () => performance.now() - began >= OUTAGE_MS);
    for (const role of DAEMONS)
      expect((await fetch(`${pipeline.stack.daemons[role].url}/healthz`)).status).toBe(200);
    await fault?.end();
    await bothReady();
    const returned = load.acknowledged();
    await waitUntil("decisions flow again", () => load.acknowledged() >= returned + 30);
    const traces = await load.stop();
    await atRest(pipeline.eye, pipeline.keys, 60_000);
    const record = await readPipeline(pipeline.eye, pipeline.keys, pipeline.venueUrl);
    expect(reconcile(record).problems).toEqual([]);
    const ended = new Set(record.results.map((result) => result.trace_id));
    expect(traces.filter((trace) => !ended.has(trace))).toEqual([]);
    expect(processes()).toEqual(before);
  },
  120_000 + OUTAGE_MS,
);

test("Redis out of memory: an exit decision behind many entries reaches the venue, the entries wait", async () => {
  const { eye, keys, stack } = pipeline;
  expect((await resultOf(pipeline, await decide(pipeline, validOn("BNBUSDT")))).status).toBe("filled");
  const stopped = DAEMONS.map((role) => stack.daemons[role].process());
  for (const daemon of stopped) daemon.signal("SIGSTOP");
  // More than the router has in flight at a time.
  const waiting = await Promise.all(Array.from({ length: 400 }, () => decide(pipeline, validOn("XRPUSDT"))));
  const exit = await decide(pipeline, { symbol: "BNBUSDT", side: "CLOSE", timestamp: Date.now() });
  const admitted = Number(await eye.command("XLEN", keys.intentStream));
  await command("CONFIG", "SET", "maxmemory", "1");
  // Every connection is made anew, and everything that is checked at a connection's start passes.
  await command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
  for (const daemon of stopped) daemon.signal("SIGCONT");
  const reached = async () => (await results(pipeline)).some((result) => result.trace_id === exit);
  await waitUntil("the exit has its result", reached);
  expect(await resultOf(pipeline, exit)).toMatchObject({
    status: "filled",
    action: "CLOSE",
    symbol: "BNBUSDT",
  });
  expect(await eye.command("XLEN", keys.intentStream)).toBe(admitted);
  await command("CONFIG", "SET", "maxmemory", "0");
  await bothReady();
  await atRest(eye, keys, 60_000);
  const ended = new Set((await results(pipeline)).map((result) => result.trace_id));
  expect(waiting.filter((trace) => !ended.has(trace))).toEqual([]);
  expect(reconcile(await readPipeline(eye, keys, pipeline.venueUrl)).problems).toEqual([]);
}, 120_000);

test("no outage denied, expired or rejected an entry: it waited, or its symbol had one in flight", async () => {
  const reasons = (await results(pipeline)).map((result) => result.reason ?? result.status);
  const others = reasons.filter((reason) => reason !== "filled" && !reason.startsWith("COOLDOWN"));
  // A machine that is too busy for a price a second denies a few entries, whatever Redis does.
  const late = others.filter((reason) => reason.startsWith("REFERENCE_STALE"));
  expect(others.filter((reason) => !late.includes(reason))).toEqual([]);
  expect(late.length).toBeLessThan(reasons.length / 20);
});

test("Redis restarted empty under load: entries are blocked until an operator arms trading anew", async () => {
  const before = processes();
  const load = startLoad(pipeline);
  await waitUntil("decisions flow", () => load.acknowledged() >= 30);
  redisProcess().signal("SIGKILL");
  await redisProcess().exited;
  const files = join(pipeline.stack.folder, "redis", "appendonlydir");
  expect(existsSync(files)).toBe(true);
  await rm(files, { recursive: true });
  await pipeline.stack.redis.start();
  await bothReady();
  const { eye, keys } = pipeline;
  expect(await eye.command("EXISTS", keys.kill)).toBe(0);
  await waitUntil("entries are blocked", async () => {
    return (await statistic(pipeline, "ai-strategy-router", "denied:KILL_SWITCH")) >= 20;
  });
  await load.stop();
  expect(await eye.command("XLEN", keys.intentStream)).toBe(0);
  const seen = (await pipeline.orders()).map((order) => order.clientOrderId);
  expect(new Set(seen).size).toBe(seen.length);
  await eye.command("SET", keys.kill, "0");
  expect((await resultOf(pipeline, await decide(pipeline, validOn("ETHUSDT")))).status).toBe("filled");
  expect(processes()).toEqual(before);
}, 120_000);

test("an intent that was written behind the router's back is blocked by the absent kill key, too", async () => {
  await pipeline.eye.command("DEL", pipeline.keys.kill);
  const intent = validIntent();
  await publish(pipeline, intent);
  expect(await resultOf(pipeline, String(intent["intent_id"]))).toMatchObject({
    status: "denied",
    order_id: "BLOCKED_KILL_SWITCH",
  });
});
