/** Exits may spend the reserve and go first after a limit; entries may not. */
export type RequestKind = "entry" | "exit";

/** What requests cost: weight counts per address and minute, orders per account and 10 s and minute. */
export interface RequestCost {
  readonly weight: number;
  readonly orders: number;
}

export type Admission =
  | { readonly kind: "ok" }
  /** This much of the budget is spent until its window ends. */
  | { readonly kind: "wait"; readonly ms: number }
  /** The venue told us to stop (429, 418); local epoch ms. */
  | { readonly kind: "refused"; readonly untilMs: number };
