import type { AccountFacts, Exchange, Reading } from "./exchange.ts";

/** Also keeps the connection warm: under the 30 s after which servers close an idle one. */
const CLOCK_EVERY_MS = 20_000;
const PROBE_EVERY_MS = 60_000;
const RULES_EVERY_MS = 3_600_000;

export interface VenueUpkeepParts {
  readonly exchange: Pick<Exchange, "syncClock" | "probe" | "refreshRules">;
  readonly clock: { monotonicMs(): number };
  /** What the venue said to our credentials. */
  probed(reading: Reading<AccountFacts>): Promise<void>;
}

/**
 * What keeps clock, credentials and rules true, to be called each second: does what is due by then, one after the
 * other. Intervals begin when it is made.
 */
export function createVenueUpkeep({ exchange, clock, probed }: VenueUpkeepParts): () => Promise<void> {
  const startedMs = clock.monotonicMs();
  const due = { clock: CLOCK_EVERY_MS, probe: PROBE_EVERY_MS, rules: RULES_EVERY_MS };
  return async () => {
    const elapsedMs = clock.monotonicMs() - startedMs;
    if (elapsedMs >= due.clock) {
      due.clock = elapsedMs + CLOCK_EVERY_MS;
      await exchange.syncClock();
    }
    if (elapsedMs >= due.probe) {
      due.probe = elapsedMs + PROBE_EVERY_MS;
      await probed(await exchange.probe());
    }
    if (elapsedMs >= due.rules) {
      due.rules = elapsedMs + RULES_EVERY_MS;
      await exchange.refreshRules();
    }
  };
}
