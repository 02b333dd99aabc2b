/** Why a cycle is DEGRADED, for people; the watchdog reads the status alone. */
export const DEGRADATIONS = {
  CYCLE_SLOW: "a cycle took longer than 500 ms",
  POSITIONS_UNREADABLE: "the positions could not be read, or what is known of them is older than 2 s",
  PRICES_STALE: "the mark price of an open position is absent or older than 2 s",
  EXIT_UNCONFIRMED:
    "an exit has neither ended nor made its position smaller in EXIT_CONFIRM_MS, or Redis refused it",
} as const;
export type Degradation = keyof typeof DEGRADATIONS;

const CYCLE_MS_MAX = 500;
const POSITIONS_AGE_MS_MAX = 2000;
const MARK_AGE_MS_MAX = 2000;

export interface CycleFacts {
  readonly cycleMs: number;
  /** The last reading of the positions succeeded. */
  readonly positionsRead: boolean;
  /** Since the last successful reading was begun. */
  readonly positionsAgeMs: number;
  /** Age of the oldest price of an open position, Infinity where one has none; 0 without positions. */
  readonly markAgeMs: number;
  /** Exits that went nowhere. */
  readonly unconfirmed: number;
}

/** Everything that degrades a cycle, in the table's order; empty: ALIVE. Pure. */
export function decideDegradations(facts: CycleFacts): readonly Degradation[] {
  const applies: Readonly<Record<Degradation, boolean>> = {
    CYCLE_SLOW: facts.cycleMs > CYCLE_MS_MAX,
    POSITIONS_UNREADABLE: !facts.positionsRead || facts.positionsAgeMs > POSITIONS_AGE_MS_MAX,
    PRICES_STALE: facts.markAgeMs > MARK_AGE_MS_MAX,
    EXIT_UNCONFIRMED: facts.unconfirmed > 0,
  };
  const names = ["CYCLE_SLOW", "POSITIONS_UNREADABLE", "PRICES_STALE", "EXIT_UNCONFIRMED"] as const;
  return names.filter((name) => applies[name]);
}
