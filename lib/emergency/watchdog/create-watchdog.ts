import { join } from "node:path";
import type { Heartbeat } from "../../contract/heartbeat.ts";
import { keysOf } from "../../contract/keys.ts";
import type { PanicReason } from "../../contract/panic.ts";
import { consumerName } from "../../contract/roles.ts";
import { STATISTICS } from "../../contract/statistics.ts";
import type { DaemonContext, DaemonParts } from "../../daemon/daemon-spec.ts";
import { runTogether } from "../../daemon/run-together.ts";
import type { Exchange } from "../../exchange/exchange.ts";
import type { RedisConnection } from "../../redis/connection.ts";
import { keepRoleBeat } from "../../redis/role-beat.ts";
import { createStatistics } from "../../redis/statistics.ts";
import { haltMarker } from "../halt-marker.ts";
import { AccountCheck } from "./account-check.ts";
import { askWorker, type SocketFetch } from "./ask-worker.ts";
import { BrainHealth } from "./brain-health.ts";
import { EntryHalt } from "./entry-halt.ts";
import { HaltReader } from "./halt-reader.ts";
import { readHeartbeats } from "./heartbeat-reader.ts";
import type { Latch } from "./latch.ts";
import { LatchStore } from "./latch-store.ts";
import { createWatchdogMetrics } from "./metrics.ts";
import { PanicCaller } from "./panic-caller.ts";
import { PositionWatch } from "./position-watch.ts";
import { watchdogRoutes } from "./routes.ts";
import type { WatchdogSettings } from "./settings.ts";
import { StateRecord } from "./state-record.ts";
import { Watch } from "./watch.ts";
import { WatchClock } from "./watch-clock.ts";

const STATISTICS_EVERY_MS = 5000;
const MALFORMED_SAID_EVERY = 100;

export interface WatchdogOutside {
  readonly redis: RedisConnection;
  readonly exchange: Exchange;
  readonly fetch: SocketFetch & ((url: string, init: RequestInit) => Promise<Response>);
  /** UUID v4. */
  newEventId(): string;
}

type Context = DaemonContext<WatchdogSettings>;

/** The role out of its parts. */
export async function createWatchdog(context: Context, outside: WatchdogOutside): Promise<DaemonParts> {
  const { instance, clock, log, settings } = context;
  const store = new LatchStore({ path: join(context.stateDir, `${instance}.latch.json`), clock, log });
  const kept = await store.load();
  const made = assemble(context, outside, { store, latch: kept.kind === "kept" ? kept.latch : undefined });
  const { watch, positions, watchClock, account } = made;
  const { redis } = outside;
  const adopt = kept.kind === "kept" ? undefined : (latch: Latch) => watch.adopt(latch);
  return {
    routes: watchdogRoutes({ watch, positions, watchClock }),
    dependencies: () => [redis.dependency(), readerDependency(watchClock), positions.dependency()],
    run: (signal) =>
      runTogether(signal, {
        watch: (stop) => watch.run(stop),
        heartbeats: (stop) => readHeartbeats({ ...made.reader, url: settings.REDIS_URL.reveal() }, stop),
        positions: (stop) => positions.run(stop),
        health: (stop) => made.health.run(stop),
        halt: (stop) => made.halt.run(stop),
        entryHalt: (stop) => made.entryHalt.run(stop),
        panic: (stop) => made.caller.run(stop),
        record: (stop) => made.record.run(stop, adopt),
        account: (stop) => account.run(stop),
        beat: (stop) => keepRoleBeat(made.roleBeat, stop),
        statistics: async (stop) => {
          while (!stop.aborted) {
            await made.statistics.flush();
            await clock.sleep(STATISTICS_EVERY_MS, stop);
          }
        },
      }),
    close: () => redis.close(),
    account: () => account.account(),
  };
}

interface Memory {
  readonly store: LatchStore;
  readonly latch: Latch | undefined;
}

function assemble(context: Context, { redis, exchange, fetch, newEventId }: WatchdogOutside, memory: Memory) {
  const { settings, clock, log, random } = context;
  const keys = keysOf(settings.QUANTUM_NAMESPACE);
  const shared = { redis, keys, clock, log };
  const watchClock = new WatchClock(() => clock.monotonicMs());
  const statistics = createStatistics(redis, `${keys.statsPrefix}exit-brain-watchdog`);
  const positions = new PositionWatch({ exchange, clock, watchClock, log });
  const brainUrl = settings.EXIT_BRAIN_URL.reveal().replace(/\/+$/, "");
  const health = new BrainHealth({
    ...{ url: brainUrl, fetch, clock, watchClock, log },
    isUnseen: () => watch.isUnseen(),
  });
  const entryHalt = new EntryHalt({ ...shared, marker: haltMarker(settings.HALT_FILE) });
  const halt: HaltReader = new HaltReader({
    ...shared,
    latchedEventId: () => watch.latch?.event.event_id,
  });
  const caller = new PanicCaller({
    ...shared,
    askWorker: (event) => askWorker(settings.PANIC_SOCKET, event, fetch),
    haltStands: (eventId) => watch.latch?.event.event_id === eventId && halt.view() === "panic",
  });
  const record: StateRecord = new StateRecord({
    ...shared,
    current: () => ({ state: watch.state, sinceMs: watch.stateSinceMs, latch: watch.latch }),
  });
  const metrics = createWatchdogMetrics(context.registry, {
    state: () => watch.state,
    heartbeatAgeMs: () => watch.heartbeatAgeMs(),
    positions: () => positions.view(),
    redisSilentMs: () => watchClock.redisSilentMs(),
    venueSilentMs: () => positions.venue().silentMs,
    latched: () => watch.latch !== undefined,
    brainHealthy: () => health.isHealthy(),
  });
  const parts = {
    ...{
      watchClock,
      clock,
      log,
      positions,
      health,
      halt,
      caller,
      entryHalt,
      store: memory.store,
      newEventId,
    },
    redisLostMsMax: settings.REDIS_LOST_MAX_SEC * 1000,
    changed: () => record.changed(),
    called: (reason: PanicReason) => {
      metrics.called(reason);
      statistics.add(STATISTICS.panic(reason));
    },
    progress: context.beat,
  };
  const watch: Watch = new Watch(parts, memory.latch);
  const account = new AccountCheck({ exchange, redis, keys, clock });
  let malformed = 0;
  return {
    ...{ watch, watchClock, positions, health, halt, entryHalt, caller, record, account, statistics },
    roleBeat: roleBeatOf(context, { redis, account: () => account.account() }),
    reader: {
      ...{ stream: keys.heartbeatStream, clock, random, log },
      name: `${consumerName("exit-brain-watchdog", context.instance)}-heartbeats`,
      onFound: (beat: Heartbeat | undefined) => watch.onFound(beat),
      onPage: (beats: readonly Heartbeat[]) => watch.onPage(beats),
      onMalformed: (entryId: string) => {
        metrics.malformed();
        // A writer gone wrong may send thousands: the counter has them all.
        if (malformed % MALFORMED_SAID_EVERY === 0) {
          log.warn({ entryId, before: malformed }, "an entry of the heartbeat stream is no heartbeat");
        }
        malformed += 1;
      },
    },
  };
}

function roleBeatOf(context: Context, own: { readonly redis: RedisConnection; account(): string }) {
  const { settings, instance, bootId, build, clock, log } = context;
  const keys = keysOf(settings.QUANTUM_NAMESPACE);
  return {
    ...{ ...own, instance, build: build.version, git: build.git, bootId, clock, log },
    mode: settings.TRADING_MODE,
    roleKey: `${keys.rolePrefix}exit-brain-watchdog:${instance}`,
    statsKey: `${keys.statsPrefix}exit-brain-watchdog`,
  };
}

function readerDependency(watchClock: WatchClock) {
  const ok = watchClock.hears();
  return { name: "heartbeat stream", ok, detail: ok ? "read" : "not read" };
}
