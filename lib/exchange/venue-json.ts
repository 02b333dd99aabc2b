/** Ids beyond 2^53 (the venue has them) lose their last digits as numbers: kept as their own text. */
const LONG_INTEGER = /\d{16}/;

/** JSON as the venue writes it; integers that a number cannot hold come as text. Never throws. */
export function parseVenueJson(
  text: string,
): { readonly ok: true; readonly value: unknown } | { readonly ok: false } {
  try {
    const value: unknown = LONG_INTEGER.test(text) ? JSON.parse(text, exactInteger) : JSON.parse(text);
    return { ok: true, value };
  } catch {
    return { ok: false };
  }
}

function exactInteger(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const source = context?.source;
  return source !== undefined && /^-?\d+$/.test(source) ? source : value;
}
