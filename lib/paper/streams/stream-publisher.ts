import type { VenueEvent } from "../engine/venue-event.ts";
import type { SymbolState, VenueState } from "../engine/venue-state.ts";
import type { ListenKey } from "./listen-key.ts";
import { bookTickerMessage, markPriceMessage } from "./market-messages.ts";
import type { StreamHub } from "./stream-hub.ts";

/** Puts what happens at the venue on the streams that somebody hears. */
export interface StreamPublisher {
  userEvents(events: readonly VenueEvent[]): void;
  quoteMoved(symbol: SymbolState, nowMs: number): void;
  /** Once a second; the plain mark price streams speak every third time. */
  markPrices(state: VenueState, nowMs: number): void;
  /** The listen key has ended: its listeners are told. */
  keyExpired(key: string, nowMs: number): void;
}

/** Numbers book updates from 1 000 000 on. User events go to the active listen key only. */
export function createStreamPublisher(hub: StreamHub, listenKey: ListenKey): StreamPublisher {
  let updateId = 1_000_000;
  let seconds = 0;
  return {
    userEvents: (events) => {
      const key = listenKey.current();
      if (key === undefined || !hub.isHeard(key)) return;
      for (const event of events) hub.publish(key, () => event);
    },
    quoteMoved: (symbol, nowMs) => {
      updateId += 1;
      const message = () => bookTickerMessage(symbol, { updateId, nowMs });
      hub.publish(`${symbol.instrument.symbol.toLowerCase()}@bookTicker`, message);
      hub.publish("!bookTicker", message);
    },
    markPrices: (state, nowMs) => {
      const suffixes = seconds % 3 === 0 ? ["@1s", ""] : ["@1s"];
      seconds += 1;
      for (const suffix of suffixes) publishMarks(hub, { state, nowMs, suffix });
    },
    keyExpired: (key, nowMs) => {
      hub.publish(key, () => ({ e: "listenKeyExpired", E: nowMs, listenKey: key }));
    },
  };
}

function publishMarks(hub: StreamHub, turn: { state: VenueState; nowMs: number; suffix: string }): void {
  const { state, nowMs, suffix } = turn;
  for (const symbol of state.symbols.values()) {
    const stream = `${symbol.instrument.symbol.toLowerCase()}@markPrice${suffix}`;
    hub.publish(stream, () => markPriceMessage(state, symbol, nowMs));
  }
  hub.publish(`!markPrice@arr${suffix}`, () =>
    [...state.symbols.values()].map((symbol) => markPriceMessage(state, symbol, nowMs)),
  );
}
