import type { DenyReason, HoldReason, RejectReason } from "../contract/reasons.ts";
import type { Fills, VenueOrder } from "../exchange/exchange.ts";

/** How an intent ended; what settles it is derived from this and the intent alone. */
export type Ending =
  | { readonly state: "FILLED" | "PARTIAL"; readonly order: VenueOrder; readonly fills: Fills }
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

export function denied(reason: DenyReason, detail = ""): Ending {
  return { state: "DENIED", reason, detail };
}

export function rejected(reason: RejectReason, detail = ""): Ending {
  return { state: "REJECTED", reason, detail, order: undefined };
}
