/** What the venue says of an order whose fate is not established. */
export type VenueWord =
  /** It has it, and it has ended or not. */
  | { readonly kind: "found"; readonly ended: boolean }
  /** It knows no such order. */
  | { readonly kind: "absent" }
  /** It could not be asked. */
  | { readonly kind: "unreadable" };

export type Resolution =
  /** The order is what the venue says. */
  | { readonly kind: "established" }
  /** It never was executed and never can be: another attempt may be made. */
  | { readonly kind: "not_executed" }
  /** Ask again after this many ms. */
  | { readonly kind: "ask_again"; readonly afterMs: number };

/** The least that is allowed for the venue's clock being elsewhere than we think (ms). */
export const CLOCK_SKEW_MIN_MS = 1000;
/**
 * The wait before an order that has not ended, or a venue that does not answer, is asked again (ms): doubled each time,
 * so that orders in doubt do not spend what is left of the request budget. An exit may have to be sent again soon.
 */
const ASK_FIRST_MS = 250;
const ASK_LAST_MS = { entry: 5000, exit: 1000 } as const;

/**
 * What an answer of the venue establishes. "No such order" is believed only when it was *asked* after the
 * request's last possible arrival, signed_at + recvWindow + skew: before that the request may still be on its
 * way. All times on the venue's clock (epoch ms).
 */
export function decideResolution(input: {
  readonly kind: "entry" | "exit";
  readonly word: VenueWord;
  /** How often it was asked before. */
  readonly asked: number;
  readonly askedAtMs: number;
  readonly signedAtMs: number;
  readonly recvWindowMs: number;
  /** Upper bound on the error of our estimate of the venue's clock. */
  readonly skewMs: number;
}): Resolution {
  const { word } = input;
  if (word.kind === "found" && word.ended) return { kind: "established" };
  if (word.kind !== "absent") {
    const afterMs = Math.min(ASK_FIRST_MS * 2 ** Math.min(input.asked, 10), ASK_LAST_MS[input.kind]);
    return { kind: "ask_again", afterMs };
  }
  const lastArrivalMs = input.signedAtMs + input.recvWindowMs + input.skewMs;
  if (input.askedAtMs > lastArrivalMs) return { kind: "not_executed" };
  return { kind: "ask_again", afterMs: Math.max(1, lastArrivalMs - input.askedAtMs + 1) };
}
