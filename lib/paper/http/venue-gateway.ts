import Big from "big.js";
import { isRejection, type Rejection, reject } from "../engine/rejection.ts";
import { disrupt } from "../faults/disrupt.ts";
import type { FaultInjector, FaultPlan } from "../faults/fault-injector.ts";
import type { VenueSequencer } from "../venue-sequencer.ts";
import { type Credentials, checkKey, checkSigned } from "./authenticate.ts";
import type { RateLimits } from "./rate-limits.ts";
import type { OrderReceipt, RequestJournal } from "./request-journal.ts";
import type { Endpoint, VenueFacts } from "./venue-call.ts";
import { type Answer, errorReply, jsonReply, toResponse, type VenueReply } from "./venue-reply.ts";
import { readVenueRequest, type VenueRequest } from "./venue-request.ts";

/** Everything a request passes on its way to the venue. */
export interface GatewayParts {
  readonly endpoints: ReadonlyMap<string, Endpoint>;
  readonly sequencer: VenueSequencer;
  readonly facts: VenueFacts;
  readonly credentials: Credentials;
  readonly limits: RateLimits;
  readonly faults: FaultInjector;
  readonly journal: RequestJournal;
  /** Epoch ms with microseconds: when a request arrived. */
  readonly preciseMs: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

/**
 * The venue's REST door.
 *
 * 1. Faults come first, as a network's do: a lost request costs no weight and is never authenticated.
 * 2. Limits come before authentication: strangers and wrong signatures spend the budget too.
 * 3. The act and the decision that it may happen are one step of the venue: nothing comes between them.
 * 4. Without faults nothing is awaited but the body, so requests are served in the order they came.
 */
export function createGateway(parts: GatewayParts): (request: Request) => Promise<Response> {
  return async (http) => {
    const request = await readVenueRequest(http, parts.preciseMs());
    const endpoint = parts.endpoints.get(request.endpoint);
    if (endpoint === undefined) return toResponse(unknownPath(parts, request));
    const receipt = endpoint.isOrder === true ? noteOrder(parts.journal, request) : undefined;
    const plan = parts.faults.planFor(request);
    if (plan.delayBeforeMs > 0) await parts.sleep(plan.delayBeforeMs);
    const answer = disrupt(plan, {
      execute: () => execute(parts, { request, endpoint, plan }),
      executeLate: (ms) => executeLate(parts, { request, endpoint, plan }, ms),
    });
    if (plan.delayAfterMs > 0) await parts.sleep(plan.delayAfterMs);
    const status = answer === "drop" ? 0 : answer.status;
    parts.journal.count(request.endpoint, status);
    if (receipt !== undefined) receipt.status = status;
    return toResponse(answer);
  };
}

function unknownPath(parts: GatewayParts, request: VenueRequest): Answer {
  parts.journal.count("unknown", 404);
  return errorReply(reject("INVALID_PATH", `Path ${request.path}, Method ${request.method} is invalid`));
}

function noteOrder(journal: RequestJournal, request: VenueRequest): OrderReceipt {
  const receipt: OrderReceipt = {
    endpoint: request.endpoint,
    symbol: request.params.get("symbol") ?? "",
    clientOrderId: request.params.get("newClientOrderId") ?? request.params.get("clientAlgoId") ?? "",
    receivedAtMs: request.receivedAtMs,
    status: 0,
  };
  journal.receive(receipt);
  return receipt;
}

interface Admission {
  readonly request: VenueRequest;
  readonly endpoint: Endpoint;
  readonly plan: FaultPlan;
}

/** Limits, authentication and the act itself, at one moment of the venue. */
function execute(parts: GatewayParts, admission: Admission): VenueReply {
  const { request, endpoint, plan } = admission;
  const isOrder = endpoint.isOrder === true;
  const weight = typeof endpoint.weight === "number" ? endpoint.weight : endpoint.weight(request.params);
  return parts.sequencer.act((state, nowMs) => {
    const over = parts.limits.spend({ weight, orders: isOrder ? 1 : 0, nowMs });
    const headers = Object.fromEntries(parts.limits.headers(isOrder, nowMs));
    if (over !== undefined) {
      const retry = { ...headers, "Retry-After": String(over.retryAfterSec) };
      return jsonReply(over.status, { code: over.code, msg: over.msg }, retry);
    }
    const shownMs = nowMs + plan.clockSkewMs;
    const stranger = identify(parts.credentials, admission, shownMs);
    if (stranger !== undefined) return withHeaders(errorReply(stranger), headers);
    const fillFraction = plan.fillFraction === undefined ? undefined : new Big(plan.fillFraction);
    const answer = endpoint.handle({
      state,
      nowMs,
      shownMs,
      params: request.params,
      venue: parts.facts,
      fillFraction,
    });
    return isRejection(answer) ? withHeaders(errorReply(answer), headers) : jsonReply(200, answer, headers);
  });
}

function identify(credentials: Credentials, admission: Admission, nowMs: number): Rejection | undefined {
  const { request, endpoint } = admission;
  if (endpoint.security === "NONE") return undefined;
  if (endpoint.security === "KEY") return checkKey(credentials, request.apiKey);
  return checkSigned(credentials, { ...request, nowMs });
}

/**
 * A request that is under way for `ms` and arrives only then: what the venue says of it nobody hears. Past
 * its recvWindow it is refused like any other, and a venue that was reset meanwhile never sees it.
 */
function executeLate(parts: GatewayParts, admission: Admission, ms: number): void {
  const life = parts.sequencer.life();
  const arrive = () => {
    if (parts.sequencer.life() !== life) return;
    const reply = execute(parts, admission);
    parts.journal.count(`${admission.request.endpoint} (late)`, reply.status);
  };
  parts.sleep(ms).then(arrive, () => undefined);
}

function withHeaders(reply: VenueReply, headers: Readonly<Record<string, string>>): VenueReply {
  return { ...reply, headers: { ...reply.headers, ...headers } };
}
