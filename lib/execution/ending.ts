import type { DenyReason, HoldReason, RejectReason } from "../contract/reasons.ts";
import type { Fills, VenueOrder } from "../exchange/exchange.ts";
import type { StopOutcome } from "./place-stop.ts";
import type { RestOfExit } from "./rest-of-exit.ts";

/** An order that filled, wholly or in part. */
export interface Filled {
  readonly state: "FILLED" | "PARTIAL";
  readonly order: VenueOrder;
  readonly fills: Fills;
  /** Entries: what became of the position's stop at the venue; undefined: nobody wants one. */
  readonly stop: StopOutcome | undefined;
  /** Exits: what one order could not close; undefined: nothing. */
  readonly rest: RestOfExit | undefined;
}

/** How an intent ended; what settles it is derived from this and the intent alone. */
export type Ending =
  | Filled
  | {
      readonly state: "REJECTED";
      readonly reason: RejectReason;
      /** The venue's code and words, or the numbers behind the reason. */
      readonly detail: string;
      readonly order: VenueOrder | undefined;
    }
  | { readonly state: "HELD"; readonly reason: HoldReason; readonly detail: string }
  | { readonly state: "DENIED"; readonly reason: DenyReason; readonly detail: string }
  | { readonly state: "EXPIRED"; readonly detail: string };

/** Whether the venue executed something. */
export function hasFilled(ending: Ending): ending is Filled {
  return ending.state === "FILLED" || ending.state === "PARTIAL";
}

export function denied(reason: DenyReason, detail = ""): Ending {
  return { state: "DENIED", reason, detail };
}

export function rejected(reason: RejectReason, detail = ""): Ending {
  return { state: "REJECTED", reason, detail, order: undefined };
}
