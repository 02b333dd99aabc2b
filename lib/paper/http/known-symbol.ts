import { isRejection, type Rejection, reject } from "../engine/rejection.ts";
import type { SymbolState } from "../engine/venue-state.ts";
import { missing, textOf } from "../wire/params.ts";
import type { VenueCall } from "./venue-call.ts";

/** The symbol a request names: -1102 when it names none, -1121 when there is no such contract. */
export function knownSymbol(call: VenueCall): SymbolState | Rejection {
  const name = textOf(call.params, "symbol");
  if (name === undefined) return missing("symbol");
  return call.state.symbols.get(name) ?? reject("BAD_SYMBOL");
}

/** The symbol that a request names, or all when it names none. */
export function namedSymbols(call: VenueCall): readonly SymbolState[] | Rejection {
  if (textOf(call.params, "symbol") === undefined) return [...call.state.symbols.values()];
  const symbol = knownSymbol(call);
  return isRejection(symbol) ? symbol : [symbol];
}

/** One symbol's answer when a symbol is named, a list of all when not. */
export function oneOrAll(call: VenueCall, report: (symbol: SymbolState) => object): object | Rejection {
  if (textOf(call.params, "symbol") === undefined) return [...call.state.symbols.values()].map(report);
  const symbol = knownSymbol(call);
  return isRejection(symbol) ? symbol : report(symbol);
}
