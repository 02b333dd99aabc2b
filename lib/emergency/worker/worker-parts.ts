import type { Exchange } from "../../exchange/exchange.ts";
import type { Outcome } from "../../exchange/outcome-classes.ts";

export interface WorkerClock {
  nowMs(): number;
  /** Never steps; meaningful only as a difference. */
  monotonicMs(): number;
  /** Resolves after `ms`, or as soon as the signal aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export interface WorkerLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** The venue as a panic uses it: nothing that could open a position. */
export type PanicVenue = Pick<
  Exchange,
  | "account"
  | "admit"
  | "cancelAll"
  | "cancelAlgo"
  | "cancelAllAlgo"
  | "clockSkewMs"
  | "openAlgoOrders"
  | "openOrders"
  | "positions"
  | "queryOrder"
  | "refreshRules"
  | "rules"
  | "serverNowMs"
  | "submitOrder"
  | "syncClock"
>;

/** An outcome in one line, for completions and logs. */
export function outcomeText({ row, code, message }: Outcome): string {
  return [row, code === null ? "" : String(code), message].filter((part) => part !== "").join(" ");
}
