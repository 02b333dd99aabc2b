import type { Instrument } from "../engine/instrument.ts";
import { symbolOf } from "../engine/margin.ts";
import type { VenueState } from "../engine/venue-state.ts";

/** The contract of a symbol that is known to exist. Throws when it does not. */
export function instrumentOf(state: VenueState, symbol: string): Instrument {
  return symbolOf(state, symbol).instrument;
}
