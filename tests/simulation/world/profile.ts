import type { Chance } from "../engine/chance.ts";

/**
 * What a run is after: limits that bite; many orders in doubt with two owners after each; the emergency chain among
 * all faults; an exit brain that fails alone, for long.
 */
export const FOCUSES = ["limits", "orders", "chain", "lonely_brain"] as const;
export type Focus = (typeof FOCUSES)[number];

/** What differs from seed to seed besides the faults: limits that bite or not, sizes, prices, the hour. */
export interface Profile {
  /** Wall clock at the beginning, epoch ms; some runs cross a UTC midnight. */
  readonly epochMs: number;
  readonly focus: Focus;
  /** The emergency chain is there too: exit brain, watchdog, worker. */
  readonly chain: boolean;
  /** The account holds long and short apart. */
  readonly hedge: boolean;
  readonly executions: number;
  readonly routers: number;
  /** How far one move of a price goes, percent. */
  readonly priceStepPct: number;
  readonly decisionEveryMs: number;
  /** Between two deeds of the operator. */
  readonly operatorEveryMs: number;
  readonly windowSec: number;
  readonly globalMax: number;
  readonly symbolMax: number;
  readonly cooldownSec: number;
  readonly dailyMax: number;
  readonly intentAgeSec: number;
  readonly holdSec: number;
  readonly tradesMax: number;
  readonly staleIdleMs: number;
}

const NOON_MS = Date.UTC(2026, 0, 15, 12);
const BEFORE_MIDNIGHT_MS = Date.UTC(2026, 0, 15, 23, 59, 40);

/** The profile of a seed. */
export function drawProfile(chance: Chance): Profile {
  const focus = chance.pick([
    "limits",
    "limits",
    "orders",
    "orders",
    "orders",
    "chain",
    "chain",
    "lonely_brain",
  ]);
  const windowSec = chance.between(2, 6);
  const common = {
    focus,
    operatorEveryMs: { limits: 8000, orders: 20_000, chain: 9000, lonely_brain: 12_000 }[focus],
    epochMs: chance.hit(0.25) ? BEFORE_MIDNIGHT_MS : NOON_MS + chance.between(0, 999),
    priceStepPct: chance.pick([0, 0.1, 0.4, 1.2]),
    windowSec,
    cooldownSec: windowSec + chance.between(0, 3),
    intentAgeSec: chance.pick([4, 8, 20]),
    hedge: chance.hit(0.3),
  };
  if (focus === "limits") {
    return {
      ...common,
      chain: false,
      executions: chance.hit(0.4) ? 2 : 1,
      routers: chance.hit(0.5) ? 2 : 1,
      decisionEveryMs: chance.pick([80, 250, 600]),
      globalMax: chance.pick([3, 8, 1000]),
      symbolMax: chance.pick([2, 4, 1000]),
      dailyMax: chance.pick([6, 20, 100_000]),
      holdSec: chance.pick([0, 1, 4]),
      tradesMax: chance.pick([3, 8, 1000]),
      staleIdleMs: chance.pick([2000, 4000, 8000]),
    };
  }
  return {
    ...common,
    chain: focus !== "orders",
    executions: focus === "orders" ? 2 : 1,
    routers: 1,
    decisionEveryMs: { orders: 120, chain: 250, lonely_brain: 700 }[focus],
    globalMax: 1000,
    symbolMax: 1000,
    dailyMax: 100_000,
    holdSec: 0,
    tradesMax: 100_000,
    staleIdleMs: focus === "orders" ? 2000 : 4000,
  };
}

const COMMON = {
  TRADING_MODE: "PAPER",
  REDIS_URL: "unix:///simulated",
} as const;

/** The environment of each role in a run of this profile. */
export function environments(profile: Profile, folder: string) {
  const pipeline = {
    ...COMMON,
    STALE_IDLE_MS: String(profile.staleIdleMs),
    INTENT_MAX_AGE_SEC: String(profile.intentAgeSec),
  };
  const shared = { ...COMMON, MIN_HOLD_SECONDS: String(profile.holdSec), DEFAULT_MAX_HOLD_SEC: "30" };
  const panicSocket = { PANIC_SOCKET: `${folder}/panic.sock` };
  const haltFile = `${folder}/halted`;
  return {
    haltFile,
    router: {
      ...pipeline,
      SAFETY_WINDOW_SEC: String(profile.windowSec),
      SAFETY_GLOBAL_MAX_INTENTS_PER_WINDOW: String(profile.globalMax),
      SAFETY_SYMBOL_MAX_INTENTS_PER_WINDOW: String(profile.symbolMax),
      SAFETY_FAULT_COOLDOWN_SEC: String(profile.cooldownSec),
      GOVERNOR_MAX_DAILY_TRADES: String(profile.dailyMax),
    },
    execution: {
      ...pipeline,
      ...shared,
      HALT_FILE: haltFile,
      MAX_TRADES_10MIN: String(profile.tradesMax),
    },
    exitBrain: shared,
    watchdog: { ...COMMON, ...panicSocket, HALT_FILE: haltFile, REDIS_LOST_MAX_SEC: "10" },
    worker: { ...COMMON, ...panicSocket, HALT_FILE: haltFile, STALE_IDLE_MS: String(profile.staleIdleMs) },
    recovery: { ...pipeline, ZOMBIE_IDLE_MS: "1000" },
  } as const;
}
