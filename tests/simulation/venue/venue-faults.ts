import type { Chance } from "../engine/chance.ts";

/** What the way to the venue, or its gateway, does to one request. */
export type RequestFate =
  | { readonly kind: "answered" }
  /** It never arrives; the caller hears of a reset, or nothing. */
  | { readonly kind: "lost"; readonly reset: boolean }
  /** The venue acts; the caller hears of a reset, or nothing. */
  | { readonly kind: "reply_lost"; readonly reset: boolean }
  /** It arrives later: when the caller has given up, or has been told of a reset or of a gateway's trouble. */
  | { readonly kind: "late"; readonly byUs: number; readonly told: "nothing" | "reset" | PlainReply }
  /** A proxy sends it again: the venue serves both, and the caller hears the answer to one of them. */
  | { readonly kind: "twice"; readonly byUs: number; readonly told: "first" | "second" }
  /** The gateway's own answer, whether or not the venue acted. */
  | { readonly kind: "replaced"; readonly executed: boolean; readonly reply: PlainReply };

export interface PlainReply {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

const error = (status: number, code: number, msg: string, headers = {}): PlainReply => ({
  status,
  body: JSON.stringify({ code, msg }),
  headers: { "content-type": "application/json", ...headers },
});
const bare = (status: number, body = ""): PlainReply => ({ status, body, headers: {} });

const SERVICE_UNKNOWN = "Unknown error, please check your request or try again later.";

/** Answers that leave the fate open: each comes with and without an execution. */
const AMBIGUOUS: readonly [PlainReply, ...PlainReply[]] = [
  error(503, -1000, SERVICE_UNKNOWN),
  bare(503, SERVICE_UNKNOWN),
  error(500, -1000, "An unknown error occurred while processing the request."),
  error(503, -1006, "An unexpected response was received from the message bus."),
  error(408, -1007, "Timeout waiting for response from backend server."),
  bare(408),
  bare(500, "Internal Server Error"),
  bare(502, "<html><body>bad gateway</body></html>"),
  bare(504, ""),
  bare(200, "<html><body>upstream connect error</body></html>"),
  bare(200, '{"orderId": 12'),
];

/** Answers that say that nothing was executed, and are right. */
const REFUSED: readonly [PlainReply, ...PlainReply[]] = [
  bare(503, "Service Unavailable."),
  error(503, -1008, "Server is currently overloaded with other requests."),
  error(503, -1016, "This service is no longer available."),
  error(429, -1003, "Too many requests.", { "Retry-After": "2" }),
  error(429, -1015, "Too many new orders.", { "Retry-After": "1" }),
  error(418, -1003, "Way too many requests.", { "Retry-After": "3" }),
];

/** How often each happens, of all requests; all zero is a venue without a fault. */
export interface VenueFaultRates {
  lost: number;
  replyLost: number;
  late: number;
  ambiguous: number;
  refused: number;
  twice: number;
}

/** The same rate of each. */
export function evenRates(rate: number): VenueFaultRates {
  return { lost: rate, replyLost: rate, late: rate, ambiguous: rate, refused: rate, twice: rate };
}

/** Of an order, so many times as often: that is where it matters. */
const ORDERS_TIMES = 3;

/** The fate of one request. */
export function drawFate(chance: Chance, given: VenueFaultRates, isOrder: boolean): RequestFate {
  const sum = sumOf(given);
  if (sum === 0) return { kind: "answered" };
  const times = isOrder ? Math.min(ORDERS_TIMES, 0.8 / Math.max(sum, 0.01)) : 1;
  let at = chance.next();
  for (const fate of FATES) {
    at -= given[fate] * times;
    if (at < 0) return FATE_OF[fate](chance);
  }
  return { kind: "answered" };
}

const FATES = ["lost", "replyLost", "late", "ambiguous", "refused", "twice"] as const;

const sumOf = (rates: VenueFaultRates) => FATES.reduce((sum, fate) => sum + rates[fate], 0);

const FATE_OF: Readonly<Record<keyof VenueFaultRates, (chance: Chance) => RequestFate>> = {
  lost: (chance) => ({ kind: "lost", reset: chance.hit(0.5) }),
  replyLost: (chance) => ({ kind: "reply_lost", reset: chance.hit(0.5) }),
  late: (chance) => {
    const told = chance.pick(["nothing", "reset", chance.pick(AMBIGUOUS)]);
    return { kind: "late", byUs: chance.between(50_000, chance.pick([2_000_000, 6_000_000])), told };
  },
  ambiguous: (chance) => ({ kind: "replaced", executed: chance.hit(0.5), reply: chance.pick(AMBIGUOUS) }),
  refused: (chance) => ({ kind: "replaced", executed: false, reply: chance.pick(REFUSED) }),
  twice: (chance) => ({
    kind: "twice",
    byUs: chance.between(0, chance.pick([50_000, 1_500_000, 4_000_000])),
    told: chance.pick(["first", "second", "second"]),
  }),
};
