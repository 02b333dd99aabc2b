/**
 * What an answer of the venue, or the lack of one, says about the request: one row for every case.
 *
 * Invariants
 * 1. A request is only called *rejected* when the venue documents that it was not executed; everything
 *    else is *ambiguous*, and an order in that state is resolved by its client id, never sent again.
 * 2. The first row that matches decides. Statuses that leave the fate open come before codes, so that a
 *    code in the body of a 502 cannot turn an order in doubt into a rejected one.
 * 3. What no row names ends in the last row: UNKNOWN.
 *
 * Source: Binance USD-M futures, "Error Codes" and "HTTP Return Codes", by docs/ and the design's table.
 */

/**
 * UNKNOWN: fate not established. RETRY: not executed, may be tried again. LIMITED: nothing may be sent
 * before a time. FINAL: not executed and it never will be. ALREADY: the state is not the one assumed.
 */
type OutcomeClass = "UNKNOWN" | "RETRY" | "LIMITED" | "FINAL" | "ALREADY";

/** How a request ended without an answer. REFUSED alone proves that nothing was sent. */
export const TRANSPORT_FAULTS = ["TIMEOUT", "RESET", "DNS", "REFUSED", "WITHHELD"] as const;
export type TransportFault = (typeof TRANSPORT_FAULTS)[number];

/** What the caller must do besides what the class says. */
type OutcomeAdvice =
  | "NONE"
  | "QUERY_ORDER"
  | "SYNC_CLOCK"
  | "STOP_ENTRIES"
  | "CANCEL_RESTING_FIRST"
  | "READ_ACCOUNT"
  | "READ_POSITION";

export interface OutcomeRow<Id extends string = string> {
  readonly id: Id;
  readonly class: OutcomeClass;
  /** `rejected`: certainly not executed. `ambiguous`: it may have been, or may still be. */
  readonly phase: "rejected" | "ambiguous";
  /** Whether the same order may be signed and sent again without asking the venue first. */
  readonly retryable: boolean;
  readonly advice: OutcomeAdvice;
  readonly transport?: readonly TransportFault[];
  readonly statuses?: readonly number[];
  /** Venue codes, each a single code or an inclusive range [low, high]. */
  readonly codes?: readonly (number | readonly [number, number])[];
  /** The whole message, after trimming; an HTML page that contains it does not match. */
  readonly text?: string;
  readonly meaning: string;
}

const UNKNOWN = { class: "UNKNOWN", phase: "ambiguous", retryable: false, advice: "QUERY_ORDER" } as const;
const RETRY = { class: "RETRY", phase: "rejected", retryable: true, advice: "NONE" } as const;
const LIMITED = { class: "LIMITED", phase: "rejected", retryable: true, advice: "NONE" } as const;
const FINAL = { class: "FINAL", phase: "rejected", retryable: false, advice: "NONE" } as const;
const ALREADY = { class: "ALREADY", phase: "rejected", retryable: false, advice: "NONE" } as const;

/** The table, in order of precedence; docs/ and one test a row are derived from it. */
export const OUTCOME_TABLE = [
  {
    id: "NO_REPLY",
    ...UNKNOWN,
    transport: ["TIMEOUT", "RESET", "DNS"],
    meaning: "no reply: deadline, reset or name resolution after the request was handed over",
  },
  { id: "CONNECTION_REFUSED", ...RETRY, transport: ["REFUSED"], meaning: "no connection: nothing was sent" },
  {
    id: "WITHHELD",
    ...LIMITED,
    transport: ["WITHHELD"],
    meaning: "not sent: an earlier 429 or 418 is in force, or the request budget is spent",
  },
  {
    id: "HTTP_LIMITED",
    ...LIMITED,
    statuses: [429, 418],
    meaning: "request limit broken (429) or ban (418)",
  },
  { id: "HTTP_UNKNOWN", ...UNKNOWN, statuses: [408, 500, 502, 504], meaning: "the gateway lost the answer" },
  {
    id: "INTERNAL",
    ...UNKNOWN,
    codes: [-1000, -1001],
    meaning: "internal error or disconnect inside the venue",
  },
  {
    id: "NO_RESPONSE_INSIDE",
    ...UNKNOWN,
    codes: [-1006, -1007],
    meaning: "the matching engine's answer was lost; execution status unknown",
  },
  { id: "TOO_MANY", ...LIMITED, codes: [-1003, -1015], meaning: "too many requests or orders" },
  {
    id: "OVERLOADED",
    ...RETRY,
    codes: [-1008],
    meaning: "overload protection; reduce-only orders are exempt",
  },
  { id: "SHUTTING_DOWN", ...RETRY, codes: [-1016], meaning: "the service is shutting down" },
  {
    id: "CLOCK",
    ...RETRY,
    advice: "SYNC_CLOCK",
    codes: [-1021, -5028],
    meaning: "timestamp outside the receive window: re-sync, then sign anew",
  },
  {
    id: "CREDENTIALS",
    ...FINAL,
    advice: "STOP_ENTRIES",
    codes: [-1022, -2014, -2015],
    meaning: "signature, key, address or permission refused",
  },
  {
    id: "DUPLICATE_CLIENT_ID",
    ...ALREADY,
    phase: "ambiguous",
    advice: "QUERY_ORDER",
    codes: [-4116],
    meaning: "an open order has this client id",
  },
  {
    id: "STOP_EXISTS",
    ...ALREADY,
    codes: [-4130],
    meaning: "a closePosition order of this direction and kind rests already",
  },
  {
    id: "NO_SUCH_ORDER",
    ...ALREADY,
    advice: "QUERY_ORDER",
    codes: [-2011, -2013],
    meaning: "the order is unknown; may be temporary",
  },
  {
    id: "NOTHING_TO_REDUCE",
    ...ALREADY,
    advice: "READ_POSITION",
    codes: [-2022],
    meaning: "a reduce-only order found nothing to reduce",
  },
  {
    id: "NO_CHANGE_NEEDED",
    ...ALREADY,
    codes: [-4046, -4059],
    meaning: "margin type or position mode is set so",
  },
  {
    id: "RESTING_HOLDS_SIZE",
    ...FINAL,
    advice: "CANCEL_RESTING_FIRST",
    codes: [-4118],
    meaning: "resting reduce-only orders hold the whole position",
  },
  {
    id: "MALFORMED_REQUEST",
    ...FINAL,
    codes: [[-1199, -1100]],
    meaning: "a parameter is missing or malformed",
  },
  {
    id: "REFUSED_BY_ACCOUNT",
    ...FINAL,
    codes: [-2018, -2019, -2021, [-2025, -2023], -2027, -4045],
    meaning: "balance, margin, trigger, liquidation, leverage, open-order or stop-order limit",
  },
  {
    id: "REFUSED_BY_FILTER",
    ...FINAL,
    codes: [[-4005, -4003], -4014, -4015, -4023, -4164],
    meaning: "price, quantity, step, client id or notional breaks a filter",
  },
  {
    id: "OTHER_POSITION_MODE",
    ...FINAL,
    advice: "READ_ACCOUNT",
    codes: [-4061],
    meaning: "the position side does not fit the account's position mode, one-way or hedge",
  },
  {
    id: "REFUSED_BY_RULE",
    ...FINAL,
    codes: [[-4089, -4087], -4108, -4120, -4131, -4140, -4141, -4192, -4400, -4401],
    meaning: "permission, order type, price band, symbol status or trading rule",
  },
  {
    id: "SERVICE_UNAVAILABLE",
    ...RETRY,
    statuses: [503],
    text: "Service Unavailable.",
    meaning: "the venue did not take the request",
  },
  {
    id: "SERVICE_UNKNOWN",
    ...UNKNOWN,
    statuses: [503],
    text: "Unknown error, please check your request or try again later.",
    meaning: "the request was passed on; execution status unknown",
  },
  {
    id: "UNRECOGNISED",
    ...UNKNOWN,
    meaning: "anything else: a body that is not JSON, a redirect, a status or code not listed",
  },
] as const satisfies readonly OutcomeRow[];
export type OutcomeRowId = (typeof OUTCOME_TABLE)[number]["id"];

/** A request that did not succeed, classified. */
export interface Outcome extends Pick<OutcomeRow, "class" | "phase" | "retryable" | "advice"> {
  readonly row: OutcomeRowId;
  readonly httpStatus: number | null;
  /** The venue's own code, negative; null when the answer had none. */
  readonly code: number | null;
  /** The venue's words, shortened; our own for transport faults. Never holds a signature. */
  readonly message: string;
  /** Milliseconds before which nothing may be sent; only for LIMITED. */
  readonly retryAfterMs: number | null;
}

/** Whether the order did not fit the venue's filters: it may have changed them since they were read. */
export function isFilterRefusal({ row }: Pick<Outcome, "row">): boolean {
  return row === "REFUSED_BY_FILTER" || row === "MALFORMED_REQUEST";
}
