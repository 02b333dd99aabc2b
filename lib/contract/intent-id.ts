import { hash } from "node:crypto";

/** What identifies a decision when nothing better does. */
export interface IntentIdentity {
  /** As received; `0`, `null`, `none` and empty are no id. */
  readonly traceId: string | undefined;
  readonly symbol: string;
  readonly action: string;
  readonly timestampMs: number;
  readonly strategy: string | undefined;
  /** Canonical decimal text: a float here once let twenty equal orders through as different ones. */
  readonly entryPrice: string | undefined;
}

/** The id behind a text that may stand for "no id". */
export function realId(text: string | null | undefined): string | undefined {
  const trimmed = text?.trim();
  if (trimmed === undefined || /^(?:|0|null|none)$/i.test(trimmed)) return undefined;
  return trimmed;
}

/**
 * The intent id: 32 hex digits (128 bits of SHA-256) of (trace id, symbol, action) when there is a real
 * trace id, else of (symbol, action, timestamp, strategy, entry price). JSON separates the parts, so no two
 * different lists hash alike.
 */
export function intentIdOf(identity: IntentIdentity): string {
  const trace = realId(identity.traceId);
  const parts =
    trace === undefined
      ? [
          identity.symbol,
          identity.action,
          identity.timestampMs,
          identity.strategy ?? "",
          identity.entryPrice ?? "",
        ]
      : [trace, identity.symbol, identity.action];
  return hash("sha256", JSON.stringify(parts), "hex").slice(0, 32);
}
