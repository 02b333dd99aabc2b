/**
 * The router's act: a page of the decision stream becomes verdicts.
 *
 * 1 Every entry of a page gets one verdict, in stream order, from one atomic call that also acknowledges it; its
 *   exits come first, in a call of their own.
 * 2 A call whose outcome is unknown is not repeated from here: the entries are read again from the pending list,
 *   and those that were handled are not on it any more.
 * 3 Unreadable rate counters are the only fault that may let an entry pass (SAFETY_ON_ERROR=open), by the
 *   router's own limiter, and it is said: counter, error line, fault event.
 * 4 While a switch refuses entries they are asked about without their documents, which costs both sides less; one that
 *   is not refused any more is asked about again at once.
 * 5 A server that is out of memory holds up entries alone: exits go on, those on later pages too, and so does what
 *   publishes nothing, entries that have expired meanwhile among it: what fills the server can be trimmed again.
 */
import { decodeDecision } from "../contract/decision.ts";
import type { Keys } from "../contract/keys.ts";
import {
  type AdmissionLimits,
  type AdmissionRequest,
  type AdmissionVerdict,
  admit,
  publishesNothing,
} from "../kernel/admit.ts";
import { CallExpiredError, type FunctionCaller } from "../kernel/function-call.ts";
import { RedisReplyError } from "../redis/redis-errors.ts";
import { isOrdinary, type LogLine, verdictLine } from "./admission-log.ts";
import { type DecisionBounds, decideAdmission } from "./decide-admission.ts";
import type { RateLimiter } from "./rate-limiter.ts";
import type { StandingRefusal } from "./standing-refusal.ts";

/** Decisions a page has at most. */
export const DECISIONS_A_PAGE_MAX = 128;
/** Decisions a call has at most, unless they are refused: keeps Redis busy for well under a millisecond. */
const DECISIONS_A_CALL_MAX = 32;

export interface RouterParts {
  readonly redis: FunctionCaller;
  readonly keys: Keys;
  readonly limits: AdmissionLimits;
  readonly bounds: DecisionBounds;
  readonly onRateFault: "open" | "closed";
  readonly limiter: RateLimiter;
  readonly refusal: StandingRefusal;
  log(line: LogLine): void;
  /** Whether lines of level debug are written; if not, none is made: there is one for every intent. */
  readonly tellsDebug: boolean;
  /** Tells every verdict, for metrics. */
  observe(request: AdmissionRequest, verdict: AdmissionVerdict): void;
}

interface DecisionEntry {
  readonly id: string;
  readonly fields: Readonly<Record<string, string>>;
}

/**
 * Routes one page. `done`: every entry is acknowledged. `later`: the call came too late, or the server is out of
 * memory; what was not acknowledged stays pending. Throws the connection's errors.
 */
export async function routePage(
  parts: RouterParts,
  entries: readonly DecisionEntry[],
): Promise<"done" | "later"> {
  const nowMs = parts.redis.serverNowMs();
  const requests = entries.map((entry) =>
    decideAdmission({
      entryId: entry.id,
      fields: entry.fields,
      decoded: decodeDecision(entry.fields),
      bounds: parts.bounds,
      nowMs,
    }),
  );
  const exits = requests.filter(({ kind }) => kind === "exit");
  const others = requests.filter(({ kind }) => kind !== "exit");
  try {
    if (exits.length > 0) await admitRequests(parts, exits);
    if (others.length > 0) await admitOthers(parts, others);
    return "done";
  } catch (error) {
    if (error instanceof CallExpiredError || isOutOfMemory(error)) return "later";
    throw error;
  }
}

/** Such a server takes exits all the same, so the router reads on, while entries wait on the pending list. */
function isOutOfMemory(error: unknown): boolean {
  return error instanceof RedisReplyError && error.code === "OOM";
}

/** One call while entries are refused, else several in flight at once; returns or throws when all of them have ended. */
async function admitOthers(parts: RouterParts, requests: readonly AdmissionRequest[]): Promise<void> {
  if (parts.refusal.stands) {
    const undecided = await admitRequests(parts, requests, { withheld: true });
    return undecided.length === 0 ? undefined : await admitOthers(parts, undecided);
  }
  const calls: Promise<unknown>[] = [];
  for (let at = 0; at < requests.length; at += DECISIONS_A_CALL_MAX) {
    calls.push(admitRequests(parts, requests.slice(at, at + DECISIONS_A_CALL_MAX)));
  }
  // Entries that a call still speaks of must not be handed out again.
  await Promise.allSettled(calls);
  await Promise.all(calls);
}

/** Returns those that are undecided: only with documents withheld there are any. */
async function admitRequests(
  parts: RouterParts,
  requests: readonly AdmissionRequest[],
  { withheld } = { withheld: false },
): Promise<readonly AdmissionRequest[]> {
  const { redis, keys, limits } = parts;
  const { verdicts } = await admit(redis, keys, { limits, requests, rates: "check", withheld }).catch(
    async (error: unknown) => {
      if (isOutOfMemory(error)) await dismissAlone(parts, requests);
      throw error;
    },
  );
  const undecided: AdmissionRequest[] = [];
  for (const [index, verdict] of verdicts.entries()) {
    const request = requests[index];
    if (request === undefined) continue;
    parts.refusal.observe(verdict);
    if (verdict.kind === "UNDECIDED") undecided.push(request);
    else if (verdict.kind === "RATE_FAULT") await admitWithoutCounters(parts, request, verdict.error);
    else conclude(parts, request, verdict);
  }
  return undecided;
}

/** A call that the server refused for want of memory did nothing: what it takes all the same is asked about anew. */
async function dismissAlone(parts: RouterParts, requests: readonly AdmissionRequest[]): Promise<void> {
  const dismissed = requests.filter(publishesNothing);
  if (dismissed.length > 0 && dismissed.length < requests.length) await admitRequests(parts, dismissed);
}

function conclude(parts: RouterParts, request: AdmissionRequest, verdict: AdmissionVerdict): void {
  if (verdict.kind === "ADMITTED") parts.limiter.note(request.symbol, parts.redis.serverNowMs());
  if (parts.tellsDebug || !isOrdinary(verdict)) parts.log(verdictLine(parts.limits, request, verdict));
  parts.observe(request, verdict);
}

async function admitWithoutCounters(
  parts: RouterParts,
  request: AdmissionRequest,
  error: string,
): Promise<void> {
  const { redis, keys, limits } = parts;
  const rates =
    parts.onRateFault === "open" ? parts.limiter.judge(request.symbol, redis.serverNowMs()) : "deny";
  parts.log({
    level: "error",
    message: "[SAFETY] FAIL_OPEN_ERROR | rate counters unreadable, the router's own limiter decides",
    fields: { error, symbol: request.symbol, correlation_id: request.correlationId, decided: rates },
  });
  const { verdicts } = await admit(redis, keys, { limits, requests: [request], rates });
  for (const verdict of verdicts) {
    parts.log(verdictLine(limits, request, verdict));
    parts.observe(request, verdict);
  }
}
