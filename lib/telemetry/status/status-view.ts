import { ageSeconds } from "../age-seconds.ts";
import type { KernelLimits } from "../collector.ts";
import type { PanicView } from "../collectors/panics.ts";
import type { Collectors } from "../collectors.ts";

/** What the page and `/v1/status` are made of, besides what the collectors hold. */
export interface StatusSource {
  readonly collectors: Collectors;
  readonly limits: KernelLimits;
  readonly mode: string;
  readonly build: { readonly version: string; readonly git: string };
  readonly redis: { readonly up: boolean; readonly detail: string };
  /** Epoch ms of the last good sample by our clock; 0 none. */
  readonly sampledMs: number;
  readonly nowMs: number;
}

const PANICS_SHOWN = 5;

/** The newest, and the one that is open for longest: repeated calls must not hide it. */
function shownPanics(panics: readonly PanicView[]): readonly PanicView[] {
  const oldestOpen = panics.findLast(({ open }) => open);
  return panics.filter((panic, at) => at < PANICS_SHOWN || panic === oldestOpen);
}

/**
 * Everything the exporter knows, as one value: `/v1/status` as it is, and what the page is rendered from. What was
 * not read yet is null; what was read before an outage stands, and `sample_age_sec` says how old it is.
 */
export function statusView(source: StatusSource) {
  const { collectors: all, limits, nowMs, sampledMs, redis, mode, build } = source;
  const safeMode = all.safeMode.latest;
  const switches = all.switches.latest;
  const halt = all.tradingState.latest;
  return {
    now_ms: nowMs,
    sample_age_sec: sampledMs === 0 ? null : ageSeconds(nowMs, sampledMs),
    redis,
    exporter: build,
    mode: { configured: mode, recorded: switches?.mode ?? null, account: switches?.account ?? null },
    entries: entriesPass({ read: sampledMs > 0, safeMode, switches, halt }),
    safe_mode: safeMode === undefined ? null : { on: safeMode.on, ttl_sec: safeMode.ttlSec },
    kill_switch: switches === undefined ? null : { engaged: switches.killed },
    halt: halt ?? null,
    panics: shownPanics(all.panics.latest?.panics ?? []),
    panic_open_age_sec: all.panics.latest?.openAgeSec ?? 0,
    heartbeat: all.heartbeat.latest ?? null,
    watchdog: all.watchdog.latest ?? null,
    stops_missing: all.stops.latest ?? { count: 0, positions: [] },
    orders_in_doubt: all.orders.latest ?? { count: 0, oldest: [] },
    rates: ratesView(all, limits),
    daily_trades: { used: all.dailyTrades.latest?.used ?? null, limit: limits.dailyMax },
    intents_per_min: all.intentRate.latest?.perMinute ?? null,
    backlog: { now: backlogOf(all), limit: limits.backlogMax },
    groups: all.streams.latest?.groups ?? [],
    streams: all.streams.latest?.lengths ?? [],
    faults: { last_hour: all.faults.latest?.lastHour ?? null, recent: all.faults.latest?.recent ?? [] },
    fail_open_total: all.denials.latest?.failOpen ?? 0,
    denials: all.denials.latest?.denials ?? [],
    results: all.results.latest ?? { outcomes: [], held: [], wouldHold: [] },
    roles: rolesView(all),
    last_drill_ms: all.drill.latest?.atMs ?? null,
    drill_failed: all.drill.latest?.failed ?? false,
    failing_collectors: Object.values(all).flatMap(({ name, failure }) =>
      failure === undefined ? [] : [{ name, failure }],
    ),
  };
}

export type StatusView = ReturnType<typeof statusView>;

/** Whether an entry would be admitted as far as the switches go, and what denies it, in order of precedence. */
function entriesPass({
  read,
  safeMode,
  switches,
  halt,
}: {
  readonly read: boolean;
  readonly safeMode: { readonly on: boolean } | undefined;
  readonly switches: { readonly killed: boolean } | undefined;
  readonly halt: { readonly halted: boolean } | undefined;
}) {
  const denied = [
    ...(switches?.killed === true ? (["KILL_SWITCH"] as const) : []),
    ...(halt?.halted === true ? (["TRADING_HALTED"] as const) : []),
    ...(safeMode?.on === true ? (["SAFE_MODE_ENABLED"] as const) : []),
  ];
  return { known: read, pass: read && denied.length === 0, denied_by: denied };
}

function ratesView({ rates }: Collectors, limits: KernelLimits) {
  const { latest } = rates;
  return {
    window_sec: limits.windowSec,
    global: { bucket: latest?.global ?? null, sliding: latest?.sliding ?? null, limit: limits.globalMax },
    symbol_limit: limits.symbolMax,
    top: latest?.top ?? [],
  };
}

/** Intents unread or unacknowledged, as the router counts them; null where Redis cannot tell. */
function backlogOf({ streams, intentRate }: Collectors): number | null {
  const group = streams.latest?.groups.find((one) => one.intents);
  if (group !== undefined) return group.lag === undefined ? null : group.lag + group.pending;
  return intentRate.latest === undefined ? null : intentRate.latest.length;
}

function rolesView({ roles, instances }: Collectors) {
  const alive = roles.latest?.alive ?? [];
  const starts = instances.latest?.starts ?? [];
  const up = roles.latest?.up ?? [];
  return {
    up,
    instances: alive.map((one) => ({
      ...one,
      restarts:
        starts.find(({ role, instance }) => role === one.role && instance === one.instance)?.restarts ?? 0,
    })),
  };
}
