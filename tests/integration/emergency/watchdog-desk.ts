import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { encodeHeartbeat, type Heartbeat } from "../../../lib/contract/heartbeat.ts";
import { keysOf } from "../../../lib/contract/keys.ts";
import { type PanicEvent, panicEventSchema } from "../../../lib/contract/panic.ts";
import { systemClock } from "../../../lib/daemon/clock.ts";
import { connectRedis, type RedisConnection } from "../../../lib/redis/connection.ts";
import { type RedisReply, recordReply } from "../../../lib/redis/reply.ts";
import { decodeEntries, encodeFields, type StreamEntry } from "../../../lib/redis/stream-entry.ts";
import { transaction } from "../../../lib/redis/transaction.ts";
import { type DaemonProcess, startDaemon } from "../../support/daemon-process.ts";
import { type PaperFixture, startPaper } from "../../support/paper-exchange.ts";
import { keptLog } from "../../support/quiet-log.ts";
import { type RedisServer, startRedisServer } from "../../support/redis-server.ts";
import { waitUntil } from "../../support/wait-until.ts";

const KEYS = keysOf("");
const watchSchema = z.record(z.string(), z.unknown());
const SYMBOLS = ["BTCUSDT", "ETHUSDT", "SOLUSDT"];

/** Beats as an exit brain does, once a second, until it is told to do something else. */
export interface FakeBrain {
  /** What the next beats say. */
  change(fields: Partial<Heartbeat>): void;
  /** One beat, now. */
  beat(fields?: Partial<Heartbeat>): Promise<string>;
  /** Another process of it: new instance, sequence from 1. */
  restart(): void;
  start(): void;
  /** No beat and no answer any more, as after kill -9. */
  die(): void;
  /** `/healthz` of the brain, answered by the test. */
  readonly health: { answer: "healthy" | "hung-loop" | "silent" };
  readonly url: string;
}

export interface WatchdogDesk extends AsyncDisposable {
  readonly redis: RedisServer;
  readonly venue: PaperFixture;
  readonly brain: FakeBrain;
  readonly haltFile: string;
  /** Where the worker listens. */
  readonly socket: string;
  readonly stateDir: string;
  /** Panics that reached the worker's socket. */
  readonly handedOver: readonly PanicEvent[];
  command(...args: string[]): Promise<RedisReply>;
  /** The test's own connection is back. */
  ready(): Promise<void>;
  startWatchdog(env?: Readonly<Record<string, string>>): Promise<DaemonProcess>;
  /** What stands in the panic stream. */
  panics(): Promise<readonly { readonly id: string; readonly event: PanicEvent }[]>;
  /** Waits for the next panic in the stream. */
  panicked(): Promise<{ readonly id: string; readonly event: PanicEvent }>;
  /** Does in Redis what the worker does first. */
  haltAsWorker(event: PanicEvent): Promise<void>;
  openPosition(): Promise<void>;
  watch(): Promise<Readonly<Record<string, unknown>>>;
  /** A hash. */
  record(key: string): Promise<Readonly<Record<string, string>>>;
}

/** Waits until the watchdog says that it is in this state. */
export const inState = (desk: WatchdogDesk, state: string): Promise<boolean> =>
  waitUntil(`the watchdog is ${state}`, async () => (await desk.watch())["state"] === state);

/** Redis, a venue with `positions` open ones, a brain that does not beat yet, and the worker's socket. */
export async function openWatchdogDesk(
  binary: string,
  positions: number,
  who: { readonly worker: "scripted" | "none" } = { worker: "scripted" },
): Promise<WatchdogDesk> {
  const folder = await mkdtemp(join(tmpdir(), "quantum-watchdog-"));
  const redis = await startRedisServer({ aof: true });
  const venue = await startPaper();
  const common = { clock: systemClock, random: Math.random, log: keptLog() };
  // A loaded machine is slow and not broken.
  const eye = connectRedis({ url: redis.url, name: "test", deadlineMs: 20_000, ...common });
  await eye.whenReady();
  const brain = fakeBrain(eye);
  const handedOver: PanicEvent[] = [];
  const socket = join(folder, "panic.sock");
  const worker = who.worker === "none" ? undefined : takePanics(socket, handedOver);
  const haltFile = join(folder, "halted");
  let watchdog: DaemonProcess | undefined;
  let opened = 0;
  let awaited = 0;
  const entries = async (stream: string): Promise<readonly StreamEntry[]> =>
    decodeEntries(await eye.command(["XRANGE", stream, "-", "+"])).entries;
  const panics = async () =>
    (await entries(KEYS.panicStream)).map(({ id, fields }) => ({
      id,
      event: panicEventSchema.parse(fields),
    }));
  const openPosition = async () => {
    const symbol = SYMBOLS[opened] ?? "XRPUSDT";
    const { status, body } = await venue.call("POST", "/fapi/v1/order", {
      ...{ symbol, side: "BUY", type: "MARKET", quantity: 1 },
    });
    if (status !== 200) throw new Error(JSON.stringify(body));
    opened += 1;
  };
  while (opened < positions) await openPosition();
  return {
    ...{ redis, venue, brain, haltFile, socket, stateDir: folder, handedOver, panics, openPosition },
    command: (...args) => eye.command(args),
    ready: () => eye.whenReady(),
    startWatchdog: async (env = {}) => {
      watchdog = await startDaemon({
        command: [binary],
        stateDir: folder,
        environment: {
          ...{ REDIS_URL: redis.url, EXCHANGE_REST_URL: venue.url, EXCHANGE_WS_URL: venue.wsUrl },
          ...{ HALT_FILE: haltFile, PANIC_SOCKET: socket, EXIT_BRAIN_URL: brain.url },
          ...{ REQUEST_TIMEOUT_MS: "1000", QUANTUM_INSTANCE: "test", ...env },
        },
      });
      return watchdog;
    },
    panicked: async () => {
      await eye.whenReady();
      // By what was asked for before, not by what is there: it may have come already.
      const panic = await waitUntil("a panic is published", async () => (await panics())[awaited]);
      awaited += 1;
      return panic;
    },
    haltAsWorker: async (event) => {
      const state = {
        halted: "true",
        reason: event.reason,
        source: event.issued_by,
        event_id: event.event_id,
      };
      // As one, as the worker does: a panic that is known and no halt beside it is an operator's reset.
      await transaction(eye, [
        ["HSET", KEYS.panicProcessed, event.event_id, '{"state":"STARTED"}'],
        ["HSET", KEYS.tradingState, ...encodeFields(state)],
      ]);
    },
    watch: async () => {
      if (watchdog === undefined) throw new Error("no watchdog was started");
      return watchSchema.parse(await (await fetch(`${await watchdog.url()}/v1/watch`)).json());
    },
    record: async (key) => recordReply(await eye.command(["HGETALL", key])),
    async [Symbol.asyncDispose]() {
      brain.die();
      await watchdog?.[Symbol.asyncDispose]();
      await worker?.stop(true);
      await eye.close();
      await venue[Symbol.asyncDispose]();
      await redis[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A worker that takes every panic and does nothing more. */
function takePanics(socket: string, taken: PanicEvent[]) {
  return Bun.serve({
    unix: socket,
    fetch: async (request) => {
      taken.push(panicEventSchema.parse(await request.json()));
      return Response.json({ state: "running" }, { status: 202 });
    },
  });
}

const BEAT: Heartbeat = {
  service_id: "exit-brain",
  status: "ALIVE",
  active_positions: 1,
  last_decision_ts: 1,
  latency_ms: 3,
  loop_cycle_ms: 5,
  ts: 1,
  instance_id: "brain-1",
  seq: 0,
};

function fakeBrain(eye: RedisConnection): FakeBrain {
  let said = BEAT;
  let decides = true;
  let instances = 1;
  let timer: ReturnType<typeof setInterval> | undefined;
  const health: FakeBrain["health"] = { answer: "healthy" };
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async () => {
      if (health.answer === "silent") await new Promise(() => undefined);
      const beatAgeMs = health.answer === "healthy" ? 400 : 6000;
      return Response.json({ role: "exit-brain", ok: true, beatAgeMs, beatAgeMsMax: 10_000 });
    },
  });
  server.unref();
  const beat = async (fields: Partial<Heartbeat> = {}): Promise<string> => {
    said = {
      ...said,
      seq: said.seq + 1,
      ts: Date.now(),
      ...(decides ? { last_decision_ts: Date.now() } : {}),
    };
    const entry = encodeHeartbeat({ ...said, ...fields });
    return String(await eye.command(["XADD", KEYS.heartbeatStream, "*", ...encodeFields(entry)]));
  };
  return {
    ...{ beat, health, url: server.url.origin },
    change: (fields) => {
      said = { ...said, ...fields };
      if (fields.last_decision_ts !== undefined) decides = false;
    },
    restart: () => {
      instances += 1;
      said = { ...said, instance_id: `brain-${instances}`, seq: 0 };
    },
    start: () => {
      health.answer = "healthy";
      const quietly = () => void beat().catch(() => undefined);
      quietly();
      timer = setInterval(quietly, 1000);
    },
    die: () => {
      clearInterval(timer);
      // A Redis that is slow to answer must not make a dead brain look well by its own word.
      health.answer = "silent";
    },
  };
}

/** The id of the newest heartbeat that Redis took before this entry, also one that was on its way when the brain died. */
export async function lastBeatBefore(desk: WatchdogDesk, id: string): Promise<string> {
  const newest = ["XREVRANGE", KEYS.heartbeatStream, `(${id}`, "-", "COUNT", "1"];
  return decodeEntries(await desk.command(...newest)).entries[0]?.id ?? "0-0";
}

/** Between two stream entries, by Redis' own clock, ms. */
export function betweenMs(earlier: string, later: string): number {
  return Number(later.split("-")[0]) - Number(earlier.split("-")[0]);
}
