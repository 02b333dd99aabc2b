/**
 * The watchdog's states and every move between them. Whatever is not listed is a broken invariant.
 *
 * BOOTSTRAP: no heartbeat received since the start or an operator's reset. SUSPECT: a beat is late, or says
 * something other than ALIVE. REDIS_LOST: beats cannot be read, the brain is asked over HTTP. VENUE_LOST: a panic
 * is due and the venue is silent: entries are halted, the panic is held. PANIC_PENDING: nobody has taken the
 * panic yet. PANIC_ISSUED: taken, the halt was not seen yet. HALTED: the worker's halt stands.
 */
export const WATCH_MOVES = {
  BOOTSTRAP: {
    starting: "BOOTSTRAP",
    fine: "HEALTHY",
    suspicion: "SUSPECT",
    redisSilent: "REDIS_LOST",
    venueSilent: "VENUE_LOST",
    failure: "PANIC_PENDING",
  },
  HEALTHY: {
    fine: "HEALTHY",
    suspicion: "SUSPECT",
    redisSilent: "REDIS_LOST",
    venueSilent: "VENUE_LOST",
    failure: "PANIC_PENDING",
  },
  SUSPECT: {
    fine: "HEALTHY",
    suspicion: "SUSPECT",
    redisSilent: "REDIS_LOST",
    venueSilent: "VENUE_LOST",
    failure: "PANIC_PENDING",
  },
  REDIS_LOST: {
    starting: "BOOTSTRAP",
    fine: "HEALTHY",
    suspicion: "SUSPECT",
    redisSilent: "REDIS_LOST",
    venueSilent: "VENUE_LOST",
    failure: "PANIC_PENDING",
  },
  VENUE_LOST: {
    starting: "BOOTSTRAP",
    fine: "HEALTHY",
    suspicion: "SUSPECT",
    redisSilent: "REDIS_LOST",
    venueSilent: "VENUE_LOST",
    failure: "PANIC_PENDING",
  },
  PANIC_PENDING: { waiting: "PANIC_PENDING", accepted: "PANIC_ISSUED" },
  PANIC_ISSUED: { waiting: "PANIC_ISSUED", halted: "HALTED", reset: "BOOTSTRAP", failure: "PANIC_PENDING" },
  HALTED: { waiting: "HALTED", reset: "BOOTSTRAP", failure: "PANIC_PENDING" },
} as const satisfies Readonly<Record<string, Readonly<Record<string, string>>>>;

export type WatchState = keyof typeof WATCH_MOVES;
type Moves = typeof WATCH_MOVES;
export type WatchEvent = { [State in WatchState]: keyof Moves[State] }[WatchState];

/** In the order of the table. */
export const WATCH_STATES = [
  "BOOTSTRAP",
  "HEALTHY",
  "SUSPECT",
  "REDIS_LOST",
  "VENUE_LOST",
  "PANIC_PENDING",
  "PANIC_ISSUED",
  "HALTED",
] as const satisfies readonly WatchState[];

export type WatchMove =
  | { readonly kind: "moved"; readonly state: WatchState }
  | { readonly kind: "illegal"; readonly state: WatchState; readonly event: WatchEvent };

/** Where an event leads from a state. */
export function moveWatch(state: WatchState, event: WatchEvent): WatchMove {
  const moves: Readonly<Partial<Record<WatchEvent, WatchState>>> = WATCH_MOVES[state];
  const next = moves[event];
  return next === undefined ? { kind: "illegal", state, event } : { kind: "moved", state: next };
}
