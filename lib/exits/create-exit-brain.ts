import { keysOf } from "../contract/keys.ts";
import { planSuffix } from "../contract/position-plan.ts";
import type { DaemonContext, DaemonParts, Dependency } from "../daemon/daemon-spec.ts";
import { runTogether } from "../daemon/run-together.ts";
import { within } from "../daemon/within.ts";
import { isIntentOrderId } from "../exchange/client-order-id.ts";
import type { Exchange } from "../exchange/exchange.ts";
import type { MarkPrices } from "../exchange/mark-prices.ts";
import type { UserEvent, UserStream } from "../exchange/user-stream.ts";
import type { RedisConnection } from "../redis/connection.ts";
import { keepRoleBeat } from "../redis/role-beat.ts";
import { createStatistics } from "../redis/statistics.ts";
import { Background } from "./background.ts";
import type { ExitBrainParts } from "./exit-brain-parts.ts";
import { ExitLoop } from "./exit-loop.ts";
import { HeartbeatWriter } from "./heartbeat-writer.ts";
import { createExitMetrics } from "./metrics.ts";
import { PositionBook } from "./position-book.ts";
import { PlanKeeper } from "./position-plan-keeper.ts";
import { createPlanStore } from "./position-plan-store.ts";
import { exitBrainRoutes } from "./routes.ts";
import { type ExitBrainSettings, exitRules } from "./settings.ts";
import { StopKeeper } from "./stop-keeper.ts";
import { VenueSession } from "./venue-session.ts";

/** Longest silence of the mark prices with which the exit brain counts as ready (ms). */
const MARK_SILENCE_MS_MAX = 5000;
/** How long the first cycle waits for Redis (ms). */
const FIRST_BEAT_WAIT_MS = 200;
/** How often plans are looked for whose position closed while nobody watched. */
const LEFT_BEHIND_EVERY_MS = 600_000;

export interface ExitBrainOutside {
  readonly redis: RedisConnection;
  /**
   * For writing plans alone: it is ready only with the function library on the server, whose absence must cost no
   * heartbeat and no exit.
   */
  readonly planRedis: RedisConnection;
  readonly exchange: Exchange;
  /** Made by cmd/ for the open symbols: they are known here alone. */
  marks(symbols: () => readonly string[]): MarkPrices;
  userStream(onEvent: (event: UserEvent) => void): UserStream;
}

/** The role out of its parts. */
export function createExitBrain(
  context: DaemonContext<ExitBrainSettings>,
  outside: ExitBrainOutside,
): DaemonParts {
  const { settings, clock, log, bootId } = context;
  const { redis, planRedis, exchange } = outside;
  const keys = keysOf(settings.QUANTUM_NAMESPACE);
  const rules = exitRules(settings);
  const statistics = createStatistics(redis, `${keys.statsPrefix}exit-brain`);
  const observe = createExitMetrics(context.registry);
  const session = new VenueSession({ exchange, redis, keys, clock, log });
  const book = new PositionBook({ exchange, monotonicMs: clock.monotonicMs });
  const symbols = () => [...(book.view()?.positions.values() ?? [])].map(({ symbol }) => symbol);
  const marks = outside.marks(symbols);
  const background = new Background();
  const shared: ExitBrainParts = {
    ...{ redis, keys, exchange, clock, log, observe, statistics, rules },
    markOf: marks.markOf,
  };
  const store = createPlanStore(planRedis, keys, rules.holdMinMs);
  const plans = new PlanKeeper({ ...shared, store, background });
  const stops = new StopKeeper({ ...shared, background });
  const heartbeats = new HeartbeatWriter(redis, keys, bootId);
  const loop = new ExitLoop({
    ...{ ...shared, book, plans, stops, background, heartbeats },
    mayAct: () => session.agreed,
    beat: context.beat,
  });
  const userStream = outside.userStream((event) => {
    if (event.kind === "algo_order") stops.lookAt(event.symbol);
    if (event.kind === "order" && event.begun && isIntentOrderId(event.clientOrderId)) observe.begun();
    if (event.kind !== "position") return;
    book.apply(event);
    loop.hurry(planSuffix(event.symbol, event.positionSide));
  });
  const account = () => exchange.account()?.fingerprint ?? "";

  async function guard(signal: AbortSignal): Promise<void> {
    await session.open(signal);
    // The first beat after a restart should not be lost on a connection that is ready a moment later.
    await within(clock, FIRST_BEAT_WAIT_MS, redis.whenReady(signal));
    await runTogether(signal, {
      loop: (stop) => loop.run(stop),
      "user stream": (stop) => userStream.run(stop),
      "left behind": (stop) => keepClearing({ book, plans, clock, mayAct: () => session.agreed }, stop),
    });
  }

  return {
    routes: exitBrainRoutes({ watches: () => loop.watches.values(), reports: () => loop.reports }),
    dependencies: () => [
      redis.dependency(),
      planDependency(planRedis),
      session.dependency(),
      positionsDependency(book),
      markDependency(marks),
    ],
    run: (signal) =>
      runTogether(signal, {
        guard,
        marks: (stop) => marks.run(stop),
        venue: (stop) => session.keep(stop),
        beat: (stop) =>
          keepRoleBeat(
            { ...roleBeatOf(context, redis, account), credentials: () => session.credentials },
            stop,
          ),
      }),
    close: async () => {
      await Promise.all([redis.close(), planRedis.close()]);
    },
    account,
  };
}

function roleBeatOf(
  context: DaemonContext<ExitBrainSettings>,
  redis: RedisConnection,
  account: () => string,
) {
  const { settings, instance, bootId, build, clock, log } = context;
  const keys = keysOf(settings.QUANTUM_NAMESPACE);
  return {
    ...{ redis, instance, bootId, clock, log, account },
    ...{ build: build.version, git: build.git, mode: settings.TRADING_MODE },
    roleKey: `${keys.rolePrefix}exit-brain:${instance}`,
    statsKey: `${keys.statsPrefix}exit-brain`,
  };
}

/** Deletes plans that a closed position left behind, at the start and every ten minutes. */
async function keepClearing(
  parts: {
    readonly book: PositionBook;
    readonly plans: PlanKeeper;
    readonly clock: ExitBrainParts["clock"];
    mayAct(): boolean;
  },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const view = parts.book.view();
    const done = view !== undefined && parts.mayAct() && (await parts.plans.closeLeftBehind(view));
    await parts.clock.sleep(done ? LEFT_BEHIND_EVERY_MS : 1000, signal);
  }
}

/** Said, and never waited for: positions are guarded by the plans in memory meanwhile. */
function planDependency(planRedis: RedisConnection): Dependency {
  const { ok, detail } = planRedis.dependency();
  return { name: "plan writes", ok: true, detail: ok ? "written" : `not written: ${detail}` };
}

function positionsDependency(book: PositionBook): Dependency {
  const view = book.view();
  if (view === undefined) return { name: "positions", ok: false, detail: "not read yet" };
  return {
    name: "positions",
    ok: view.lastRead,
    detail: view.lastRead ? `${view.positions.size} open` : "unreadable",
  };
}

function markDependency(marks: MarkPrices): Dependency {
  const ok = marks.silenceMs() < MARK_SILENCE_MS_MAX;
  return { name: "mark prices", ok, detail: marks.streaming() ? "stream" : ok ? "REST" : "silent" };
}
