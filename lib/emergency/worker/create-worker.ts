import { GROUPS } from "../../contract/groups.ts";
import { keysOf } from "../../contract/keys.ts";
import { consumerName } from "../../contract/roles.ts";
import type { DaemonContext, DaemonParts } from "../../daemon/daemon-spec.ts";
import { jointBeat } from "../../daemon/joint-beat.ts";
import { runTogether } from "../../daemon/run-together.ts";
import { within } from "../../daemon/within.ts";
import type { Venue } from "../../exchange/binance-venue.ts";
import type { RedisConnection } from "../../redis/connection.ts";
import { createConsumerLoop } from "../../redis/consumer-loop.ts";
import { keepRoleBeat } from "../../redis/role-beat.ts";
import { createStatistics } from "../../redis/statistics.ts";
import type { OpenWire } from "../../redis/wire.ts";
import { type HaltMarker, haltMarker } from "../halt-marker.ts";
import { createAuditTrail } from "./audit-trail.ts";
import { createCondition } from "./condition.ts";
import { watchHalt } from "./halt-watch.ts";
import { type LateConnection, lateConnection } from "./late-connection.ts";
import { watchLatePositions } from "./late-positions.ts";
import { sweepLateStops } from "./late-stops.ts";
import { createWorkerMetrics, type WorkerObserver } from "./metrics.ts";
import type { PanicBook } from "./panic-book.ts";
import { PanicExecutor } from "./panic-executor.ts";
import { PanicIntake } from "./panic-intake.ts";
import { flatEnd, lastRun } from "./panic-memory.ts";
import { PanicOutbox } from "./panic-outbox.ts";
import { listenOnPanicSocket } from "./panic-socket.ts";
import { PanicStore } from "./panic-store.ts";
import { PeerWatch } from "./peer-watch.ts";
import { workerRoutes } from "./routes.ts";
import type { WorkerSettings } from "./settings.ts";
import { VenueWatch } from "./venue-watch.ts";
import type { WorkerClock, WorkerLog } from "./worker-parts.ts";

const RECORDS_EVERY_MS = 5000;
/** Panics waiting for their end at once; each is one entry that is pending. */
const PANICS_MAX = 100;
const RESUME_ASK_MS = 1000;
/** A panic left with a dead consumer must not wait for a sweep. */
const SWEEP_EVERY_MS = 1000;
/** A panic takes as long as it takes: its own progress is watched, not its entry's age. */
const NEVER_STUCK_MS = Number.MAX_SAFE_INTEGER;

export interface WorkerOutside {
  readonly redis: RedisConnection;
  /** A connection for the store alone: its transactions watch a key. */
  connectStore(): RedisConnection;
  /** For the consumer's blocking reads. */
  readonly openWire: OpenWire;
  readonly exchange: Venue;
  /** The answer to a `connect()` that is under way. */
  readonly firstContact: ReturnType<Venue["connect"]>;
  readonly book: PanicBook;
  closeJournal(): Promise<void>;
}

/** The role out of its parts. Rejects with ConfigurationError when the panic socket cannot be used. */
export async function createWorker(
  context: DaemonContext<WorkerSettings>,
  outside: WorkerOutside,
): Promise<DaemonParts> {
  const { settings, instance, clock, random, log } = context;
  const { redis, exchange, firstContact, book } = outside;
  const storeRedis = lateConnection(outside.connectStore, redis, clock);
  const keys = keysOf(settings.QUANTUM_NAMESPACE);
  const statistics = createStatistics(redis, `${keys.statsPrefix}emergency-exit-worker`);
  const audit = createAuditTrail({ redis, keys, log });
  const marker = haltMarker(settings.HALT_FILE);
  const store = new PanicStore(storeRedis, keys);
  const changed = createCondition();
  const beats = jointBeat(["intake", "panics"], context.beat);
  const outbox: PanicOutbox = new PanicOutbox({
    ...{ store, book, clock, log, changed },
    entriesOf: (eventId) => intake.entriesOf(eventId),
  });
  const name = consumerName("emergency-exit-worker", instance);
  const peers = new PeerWatch({ redis, stream: keys.panicStream, consumer: name, clock, log });
  const observe = createWorkerMetrics(
    context.registry,
    {
      halted: () => book.memory.halted || marker.standing() !== "absent",
      runningSinceMs: () => executor.running()?.acceptedMs,
      waitingForRedis: () => outbox.waiting(),
      ...{ unwritten: book.unwritten, dustPositions: () => venue.dustPositions() },
      nowMs: () => clock.nowMs(),
    },
    (field) => statistics.add(field),
  );
  const venue = new VenueWatch({
    ...{ exchange, firstContact, redis, keys, clock, log, observe },
    panicRuns: () => executor.running() !== undefined,
  });
  const executor: PanicExecutor = new PanicExecutor({
    ...{ venue: exchange, book, clock, log, marker, outbox, changed, observe },
    recvWindowMs: settings.RECV_WINDOW_MS,
    progress: beats.panics,
    venueTried: () => venue.tried(),
    clearedMeanwhile: (eventId) => clearedMeanwhile({ store, storeRedis, clock }, eventId),
    lastKnown: () => venue.lastKnown(),
  });
  const intake: PanicIntake = new PanicIntake({ executor, store, book, changed, clock, log, observe });
  const consumer = createConsumerLoop(outside.openWire, {
    ...{ redis, url: settings.REDIS_URL.reveal(), clock, random, log },
    ...{ stream: keys.panicStream, group: GROUPS.emergencyExitWorker },
    consumer: name,
    ...{ handOut: "entry", batchMax: PANICS_MAX, inFlightMax: PANICS_MAX },
    ...{ staleIdleMs: settings.STALE_IDLE_MS, sweepEveryMs: SWEEP_EVERY_MS, stuckAfterMs: NEVER_STUCK_MS },
    handle: async ([entry], { signal }) => (entry === undefined ? "done" : intake.handle(entry, signal)),
    progress: beats.intake,
    onLost: async (ids) => log.error({ ids }, "panics were deleted from their stream unhandled"),
    onStateLost: () => log.error({}, "Redis was emptied under the worker"),
  });
  standAgain(marker, book, log);
  const calls = { executor, store, clock, log, observe };
  const socket = await listenOnPanicSocket(settings.PANIC_SOCKET, calls);
  log.info({ socket: socket.url }, "panic socket");
  return {
    routes: workerRoutes({ ...calls, book, marker, instance }),
    dependencies: () => [redis.dependency(), consumer.dependency(), venue.dependency(), peers.dependency()],
    run: (signal) =>
      runTogether(signal, {
        venue: (stop) => venue.run(stop),
        panics: (stop) => executor.run(stop),
        intake: (stop) => consumer.run(stop),
        outbox: (stop) => outbox.run(stop),
        halt: (stop) => watchHalt({ redis, store, keys, book, marker, executor, clock, log }, stop),
        beat: (stop) => keepRoleBeat(roleBeatOf(context, outside, keys), stop),
        peers: (stop) => peers.run(stop),
        ...afterPanic({ venue: exchange, clock, log, observe }, book, executor),
        records: (stop) => keepFlushing([statistics, audit], clock, stop),
      }),
    async close() {
      await socket.stop();
      await Promise.all([statistics.flush(), audit.flush()]);
      await Promise.all([redis.close(), storeRedis.close(), outside.closeJournal()]);
    },
    audit: (entry) => audit.record(entry),
    account: () => exchange.account()?.fingerprint ?? "",
  };
}

/** What goes on while a panic's halt stands and none runs. */
function afterPanic(
  parts: {
    readonly venue: Venue;
    readonly clock: WorkerClock;
    readonly log: WorkerLog;
    readonly observe: WorkerObserver;
  },
  { memory }: PanicBook,
  executor: PanicExecutor,
) {
  const isOver = () => memory.halted && executor.running() === undefined;
  const ended = () => (isOver() ? flatEnd(lastRun(memory)) : undefined);
  return {
    stops: (stop: AbortSignal) => sweepLateStops({ ...parts, isOver }, stop),
    positions: (stop: AbortSignal) => watchLatePositions({ ...parts, ended }, stop),
  };
}

/** Asked at the resumption of a panic, which a Redis that is not there must not hold up. */
async function clearedMeanwhile(
  parts: { readonly store: PanicStore; readonly storeRedis: LateConnection; readonly clock: WorkerClock },
  eventId: string,
): Promise<boolean> {
  await within(parts.clock, RESUME_ASK_MS, parts.storeRedis.whenReady());
  const reading = await within(parts.clock, RESUME_ASK_MS, parts.store.haltReading(eventId)).catch(
    () => undefined,
  );
  if (reading === undefined || !reading.panicRecorded) return false;
  return reading.redis === "reset" || reading.redis === "absent";
}

/** A reboot empties /run: a halt that nobody cleared stands again before anything else happens. */
function standAgain(marker: HaltMarker, book: PanicBook, log: DaemonContext<WorkerSettings>["log"]): void {
  const last = lastRun(book.memory);
  if (!book.memory.halted || last === undefined || marker.standing() !== "absent") return;
  try {
    marker.put(`${last.event.event_id} ${last.event.issued_by} ${last.event.reason}`);
  } catch (error) {
    log.error({ err: error }, "the halt file could not be written again");
  }
}

function roleBeatOf(
  { instance, build, bootId, clock, log }: DaemonContext<WorkerSettings>,
  { redis, exchange }: WorkerOutside,
  keys: ReturnType<typeof keysOf>,
) {
  return {
    ...{ redis, instance, build: build.version, git: build.git, bootId, mode: exchange.mode, clock, log },
    account: () => exchange.account()?.fingerprint ?? "",
    roleKey: `${keys.rolePrefix}emergency-exit-worker:${instance}`,
    statsKey: `${keys.statsPrefix}emergency-exit-worker`,
  };
}

async function keepFlushing(
  records: readonly { flush(): Promise<void> }[],
  clock: { sleep(ms: number, signal?: AbortSignal): Promise<void> },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(RECORDS_EVERY_MS, signal);
    for (const one of records) await one.flush();
  }
}
