/**
 * The one place that sends anything to the venue.
 *
 * Invariants
 * 1. An order (POST) is sent at most once, no redirect is followed. The runtime itself repeats a GET, PUT or
 *    DELETE whose reused connection dropped (Bun did so with POST before 1.4: a test stands guard).
 * 2. Every call ends within the deadline, body included, and never rejects.
 * 3. While the venue has told us to stop, and when a limit is used up, nothing is sent at all.
 * 4. Neither key, secret nor signature appears in an outcome or a log line.
 */
import { type Answer, classifyOutcome, isAccepted } from "./classify-outcome.ts";
import type { Signing } from "./exchange.ts";
import type { Outcome, TransportFault } from "./outcome-classes.ts";
import type { Admission, RequestBudget, RequestCost, RequestKind } from "./request-budget.ts";
import { createSigner } from "./sign-request.ts";
import { parseVenueJson } from "./venue-json.ts";

/** The part of `fetch` that is used; `redirect` is always "manual". */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Time as the transport takes it: the daemon's clock fits. */
export interface TransportClock {
  nowMs(): number;
  monotonicMs(): number;
  /** Resolves after `ms` or when the signal aborts; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export interface VenueRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  /** Encoded `name=value&…`, without timestamp and signature. */
  readonly query: string;
  readonly security: "none" | "key" | "signed";
  /** Orders: the timestamp that was written down; others are stamped when they are sent. */
  readonly signing?: Signing;
  readonly cost: RequestCost;
  /** Default exit: reads and closes may use all of the budget. */
  readonly kind?: RequestKind;
}

export type VenueReply =
  | {
      readonly ok: true;
      readonly json: unknown;
      /** Monotonic, of this request: what the clock is measured by. */
      readonly askedAtMs: number;
      readonly receivedAtMs: number;
    }
  | { readonly ok: false; readonly outcome: Outcome };

export interface VenueTransport {
  send(request: VenueRequest): Promise<VenueReply>;
}

interface TransportOptions {
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly apiSecret: string;
  readonly timeoutMs: number;
  readonly fetch: Fetch;
  readonly clock: TransportClock;
  readonly budget: RequestBudget;
  readonly venueNowMs: () => number;
  /** Told of every request that was not accepted, before the caller is. */
  readonly onOutcome: (outcome: Outcome, request: Pick<VenueRequest, "method" | "path">) => void;
  /** Told of every request that was, before the caller is. */
  readonly onAccepted: (request: Pick<VenueRequest, "method" | "path">) => void;
}

interface Accepted {
  readonly kind: "accepted";
  readonly json: unknown;
  readonly askedAtMs: number;
  readonly receivedAtMs: number;
}

/** Our own words: an error of the runtime may quote the URL, and the URL holds the signature. */
const FAULT_WORDS = {
  TIMEOUT: "no answer within the deadline",
  RESET: "connection lost before the answer",
  DNS: "name resolution failed",
  REFUSED: "connection refused",
  WITHHELD: "not sent",
} as const satisfies Record<TransportFault, string>;

/** Receive window of requests that only read or cancel, ms: late is harmless there. */
const READ_RECV_WINDOW_MS = 5000;
const FORM = "application/x-www-form-urlencoded";

/** A transport to one host with one set of credentials. Nothing is sent by making one. */
export function createVenueTransport(options: TransportOptions): VenueTransport {
  const { budget, clock, venueNowMs } = options;
  const sign = createSigner(options.apiSecret);
  const plainHeaders = { "content-type": FORM };
  const keyHeaders = { "content-type": FORM, "X-MBX-APIKEY": options.apiKey };

  function signed(request: VenueRequest): string {
    const timestampMs = request.signing?.timestampMs ?? venueNowMs();
    const recvWindowMs = request.signing?.recvWindowMs ?? READ_RECV_WINDOW_MS;
    const start = request.query === "" ? "" : `${request.query}&`;
    const payload = `${start}recvWindow=${recvWindowMs}&timestamp=${timestampMs}`;
    return `${payload}&signature=${sign(payload)}`;
  }

  function failed(request: VenueRequest, answer: Answer): VenueReply {
    const outcome = classifyOutcome({ method: request.method, answer, nowMs: venueNowMs() });
    const sent = answer.kind === "reply" || answer.fault !== "WITHHELD";
    if (sent && outcome.retryAfterMs !== null) budget.stopFor(outcome.retryAfterMs);
    options.onOutcome(outcome, request);
    return { ok: false, outcome };
  }

  async function ask(request: VenueRequest, signal: AbortSignal): Promise<Accepted | Answer> {
    const query = request.security === "signed" ? signed(request) : request.query;
    const inBody = request.method === "POST" || request.method === "PUT";
    const url = `${options.baseUrl}${request.path}${inBody || query === "" ? "" : `?${query}`}`;
    const headers = request.security === "none" ? plainHeaders : keyHeaders;
    const readHeaders = budget.spend(request.cost);
    const askedAtMs = clock.monotonicMs();
    const init: RequestInit = { method: request.method, headers, redirect: "manual", signal };
    try {
      const response = await options.fetch(url, inBody ? { ...init, body: query } : init);
      const receivedAtMs = clock.monotonicMs();
      readHeaders((name) => response.headers.get(name));
      const body = await response.text();
      const { status } = response;
      const json = parseVenueJson(body);
      if (json.ok && isAccepted(status, json.value)) {
        return { kind: "accepted", json: json.value, askedAtMs, receivedAtMs };
      }
      return { kind: "reply", status, body, retryAfter: response.headers.get("retry-after") };
    } catch (cause) {
      const fault = faultOf(cause);
      return { kind: "fault", fault, message: FAULT_WORDS[fault] };
    }
  }

  return {
    async send(request) {
      const admission = budget.admit(request.kind ?? "exit", request.cost);
      if (admission.kind !== "ok") return failed(request, withheld(admission, venueNowMs()));
      const deadline = new AbortController();
      // On its way before anything else is made.
      const asked = ask(request, deadline.signal);
      const settled = new AbortController();
      // A `fetch` that ignored its signal would still lose this race.
      const late = clock.sleep(options.timeoutMs, settled.signal).then(() => undefined);
      const answer = await Promise.race([asked, late]);
      if (answer === undefined) deadline.abort();
      settled.abort();
      if (answer === undefined) {
        return failed(request, { kind: "fault", fault: "TIMEOUT", message: FAULT_WORDS.TIMEOUT });
      }
      if (answer.kind !== "accepted") return failed(request, answer);
      options.onAccepted(request);
      return { ok: true, ...answer };
    },
  };
}

function withheld(admission: Exclude<Admission, { kind: "ok" }>, nowMs: number): Answer {
  const retryAfterMs = admission.kind === "wait" ? admission.ms : Math.max(1, admission.untilMs - nowMs);
  const message =
    admission.kind === "wait" ? "the request budget is spent" : "the venue told us to stop sending";
  return { kind: "fault", fault: "WITHHELD", message, retryAfterMs };
}

/** Only a refused connection proves that nothing was sent; whatever is not known is a reset. */
function faultOf(cause: unknown): TransportFault {
  const code = cause !== null && typeof cause === "object" && "code" in cause ? cause.code : undefined;
  if (code === "ECONNREFUSED" || code === "ConnectionRefused") return "REFUSED";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "DNS";
  return "RESET";
}
