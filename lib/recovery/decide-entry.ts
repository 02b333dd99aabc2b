import { decodeIntent, isExit, type TradeIntent } from "../contract/trade-intent.ts";

/** What becomes of an entry that is pending with a consumer that is not alive. */
export type EntryDecision =
  /** Touched lately: whoever has it may be working on it. */
  | { readonly kind: "fresh" }
  /** Trimmed or deleted while it was pending: nobody can read it any more. */
  | { readonly kind: "lost" }
  | { readonly kind: "claim" }
  /** Put aside as unreadable. */
  | { readonly kind: "unreadable"; readonly reason: string }
  /** Put aside because its handler failed too often, if the ledger still says so. */
  | { readonly kind: "failed"; readonly intent: TradeIntent; readonly owner: string };

/** What the ledger says of an intent, as far as it matters here. */
export interface LedgerWord {
  readonly state: string;
  readonly failures: number;
  readonly owner: string;
}

/**
 * Decides about one pending entry. Poison is only what does not parse, or what failed `failuresMax` times by the
 * ledger's count and was never submitted; never an exit. Redelivery proves nothing: restarts raise it.
 */
export function decideEntry(input: {
  readonly idleMs: number;
  readonly idleMsMin: number;
  /** undefined: the stream does not have the entry any more. */
  readonly fields: Readonly<Record<string, string>> | undefined;
  readonly deadLetters: boolean;
  readonly failuresMax: number;
  readonly ledger: LedgerWord | undefined;
}): EntryDecision {
  const { fields, ledger } = input;
  if (input.idleMs < input.idleMsMin) return { kind: "fresh" };
  if (fields === undefined) return { kind: "lost" };
  if (!input.deadLetters) return { kind: "claim" };
  const decoded = decodeIntent(fields);
  if (decoded.kind === "undecodable") return { kind: "unreadable", reason: decoded.reason };
  const { intent } = decoded;
  if (isExit(intent) || ledger === undefined) return { kind: "claim" };
  const poison = ledger.state === "RECEIVED" && ledger.failures >= input.failuresMax;
  return poison ? { kind: "failed", intent, owner: ledger.owner } : { kind: "claim" };
}
