import { advanceTime } from "./engine/advance-time.ts";
import type { VenueEvent } from "./engine/venue-event.ts";
import { drainEvents, openVenue, type VenueState, type VenueTerms } from "./engine/venue-state.ts";

/**
 * The one way to the venue's state.
 *
 * 1. Time never goes back, whatever the host's clock does.
 * 2. What is due by the clock happens before the act that comes later.
 * 3. The events of an act are delivered in order, after the act and before the next one.
 */
export interface VenueSequencer {
  act<Result>(what: (state: VenueState, nowMs: number) => Result): Result;
  /** A fresh account on the same terms; counts how often, so that late work of a former life can be told. */
  reset(): void;
  readonly life: () => number;
}

export interface SequencerOptions {
  readonly terms: VenueTerms;
  readonly nowMs: () => number;
  readonly deliver: (events: readonly VenueEvent[]) => void;
}

/** Opens the account at once. `deliver` is called inside `act`, so it must not act itself. */
export function openSequencer(options: SequencerOptions): VenueSequencer {
  let latestMs = options.nowMs();
  let state = openVenue(options.terms, latestMs);
  let life = 0;
  return {
    act: (what) => {
      latestMs = Math.max(latestMs, options.nowMs());
      advanceTime(state, latestMs);
      const result = what(state, latestMs);
      const events = drainEvents(state);
      if (events.length > 0) options.deliver(events);
      return result;
    },
    reset: () => {
      const quotes = [...state.symbols.values()].map((symbol) => symbol.quote);
      state = openVenue(options.terms, latestMs);
      life += 1;
      // The market is not the account's: it stays where it was.
      for (const [index, symbol] of [...state.symbols.values()].entries()) {
        symbol.quote = quotes[index] ?? symbol.quote;
      }
    },
    life: () => life,
  };
}
