/**
 * `symbol=…` of a query, or "" for all symbols. Escaped before it is signed: the venue lists contracts whose names
 * are not ASCII, and what `fetch` escapes after the signature is refused with -1022.
 */
export function symbolParameter(symbol: string | undefined): string {
  return symbol === undefined ? "" : `symbol=${encodeURIComponent(symbol)}`;
}
