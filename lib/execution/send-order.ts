/**
 * Sends an order, attempt by attempt, until its end is known.
 *
 * 1 Nothing is sent before the ledger says SUBMITTING with exactly the timestamp that is sent.
 * 2 A further attempt, with a client id of its own, is made only when the one before is proved not executed. An
 *   entry is sent again, or ends refused, only when the venue has no such order. What the venue refused for good is
 *   not sent again, however long it took to learn that it has no such order.
 * 3 Signing an attempt again, which the venue certainly did not execute, moves the ledger first.
 * 4 An entry gives way to every limit of the venue; an exit waits for it and goes on.
 * 5 A plan goes stale while something is waited for: before a further attempt an entry is judged and planned anew,
 *   and nothing is sent by a plan that is older than a second.
 */
import { encodeIntent } from "../contract/trade-intent.ts";
import { clientOrderId } from "../exchange/client-order-id.ts";
import type { OrderRequest, Reading, VenueOrder } from "../exchange/exchange.ts";
import type { Outcome } from "../exchange/outcome-classes.ts";
import { markOrderUnknown, type Submission, type SubmitReply, submitOrder } from "../kernel/order-ledger.ts";
import { askAfterRejection } from "./ask-after-rejection.ts";
import { askOnce } from "./ask-once.ts";
import { isSized } from "./asked-quantity.ts";
import { bookFills } from "./book-fills.ts";
import { type AfterRejection, decideAfterRejection, refusalOf, wordsOf } from "./decide-after-rejection.ts";
import { denied, type Ending, rejected } from "./ending.ts";
import { type ExecutionParts, type Job, pause } from "./execution-parts.ts";
import { noteWouldHold } from "./note-would-hold.ts";
import { hasEnded, resolveAttempt } from "./resolve-order.ts";

/** What is to be sent; client id and signature come with each attempt. */
export type OrderPlan = Omit<OrderRequest, "clientOrderId" | "kind">;

export type Planned =
  | { readonly kind: "plan"; readonly plan: OrderPlan }
  | { readonly kind: "ended"; readonly ending: Ending };

/** What is sent first, and how it is found out what to send after a wait. */
export interface Sending {
  readonly plan: OrderPlan;
  planAgain(): Promise<Planned>;
}

type Sent =
  | { readonly kind: "ended"; readonly ending: Ending }
  | { readonly kind: "at_venue"; readonly order: VenueOrder; readonly fresh: boolean }
  | { readonly kind: "rejected"; readonly outcome: Outcome; readonly signedAtMs: number }
  /** `refusal`: the venue's answer, where it refused and could not say at once whether it has the order. */
  | { readonly kind: "unknown"; readonly signedAtMs: number; readonly refusal?: Outcome | undefined };

/** How old a plan may be (ms): the age of the position that an exit is proved by. */
const PLAN_AGE_MS_MAX = 1000;
/** Between two tries of what an exit cannot be sent without (ms): doubled up to the last. */
const INSIST_FIRST_MS = 100;
const INSIST_LAST_MS = 800;
type Refused = Extract<Sent, { kind: "rejected" }>;

const ORDER_COST = { weight: 1, orders: 1 } as const;
/** An entry and the stop of its position: the second must not eat what is reserved for exits. */
const GUARDED_COST = { weight: 1, orders: 2 } as const;

/** What the ledger said to the submission of an attempt. */
export interface Submitted {
  readonly signedAtMs: number;
  readonly reply: SubmitReply;
}

/**
 * Sends an order beginning with attempt `made` + 1, which may be `submitted` already, and returns how the intent ends.
 * Throws JobPostponed when the process drains, OrderFencedError when another process took over, and Redis errors.
 */
export async function sendOrder(
  parts: ExecutionParts,
  job: Job,
  sending: Sending,
  begun: { readonly made: number; readonly submitted?: Submitted },
): Promise<Ending> {
  let { plan } = sending;
  let plannedAtMs = parts.clock.monotonicMs();
  let attempt = begun.made + 1;
  let { submitted } = begun;
  // Each kind by itself: an exit that has outlasted an overload is not given up for the first -2022 after it.
  const rejections = new Map<Outcome["class"], number>();
  let resigned = false;
  let refused: Refused | undefined;
  for (;;) {
    if (submitted === undefined) {
      const limited = await awaitBudget(parts, job);
      if (limited !== undefined) return limited;
      const copied = refused && (await askAboutCopy(parts, job, attempt, refused));
      if (copied !== undefined) return bookFills(parts, job, copied, { fresh: false });
      if (parts.clock.monotonicMs() - plannedAtMs > PLAN_AGE_MS_MAX) {
        const planned = await sending.planAgain();
        if (planned.kind === "ended")
          return endAfterRefusal(parts, job, { attempt, refused, ending: planned.ending });
        plan = planned.plan;
        plannedAtMs = parts.clock.monotonicMs();
      }
    }
    const sent = await sendKnown(parts, job, plan, { attempt, submitted });
    submitted = undefined;
    refused = sent.kind === "rejected" ? sent : undefined;
    if (sent.kind === "ended") return sent.ending;
    if (sent.kind === "at_venue") return bookFills(parts, job, sent.order, { fresh: sent.fresh });
    if (sent.kind === "unknown") {
      const order = await resolveUnknown(parts, job, attempt, sent);
      if (order !== undefined) return bookFills(parts, job, order, { fresh: false });
      attempt += 1;
    }
    let planAgain = job.kind === "entry";
    const outcome = sent.kind === "unknown" ? sent.refusal : sent.outcome;
    if (outcome !== undefined) {
      const before = rejections.get(outcome.class) ?? 0;
      rejections.set(outcome.class, before + 1);
      const next = decideAfterRejection({ kind: job.kind, outcome, rejections: before, resigned });
      if (next.kind === "end") return next.ending;
      // Where there was no doubt the same attempt is signed anew: its client id cannot be taken.
      await prepareAgain(parts, job, next);
      resigned ||= next.kind === "sign_again";
      planAgain ||= next.kind === "plan_again" || next.kind === "read_rules_first";
    }
    if (planAgain) plannedAtMs = Number.NEGATIVE_INFINITY;
  }
}

/** A refusal may be the answer to a copy of what was executed: what was meant for a part would close more of it. */
async function askAboutCopy(parts: ExecutionParts, job: Job, attempt: number, { signedAtMs }: Refused) {
  const { intent, kind } = job;
  if (kind === "entry" || !isSized(intent)) return undefined;
  const orderId = clientOrderId(intent.intent_id, attempt);
  return askOnce(parts, job, { clientOrderId: orderId, signedAtMs, recvWindowMs: parts.recvWindowMs });
}

/** What cannot be planned again ends so; an exit of which a copy was refused may be what has closed the position. */
async function endAfterRefusal(
  parts: ExecutionParts,
  job: Job,
  how: { readonly attempt: number; readonly refused: Refused | undefined; readonly ending: Ending },
): Promise<Ending> {
  const { attempt, refused, ending } = how;
  if (refused === undefined || job.kind === "entry") return ending;
  const { signedAtMs, outcome: refusal } = refused;
  const order = await resolveUnknown(parts, job, attempt, { kind: "unknown", signedAtMs, refusal });
  return order === undefined ? ending : bookFills(parts, job, order, { fresh: false });
}

/** An attempt, and what the venue says of it where it was refused. */
async function sendKnown(
  parts: ExecutionParts,
  job: Job,
  plan: OrderPlan,
  begun: { readonly attempt: number; readonly submitted: Submitted | undefined },
): Promise<Sent> {
  const sent = await sendAttempt(parts, job, plan, begun);
  if (sent.kind !== "rejected") return sent;
  const { outcome, signedAtMs } = sent;
  const orderId = clientOrderId(job.intent.intent_id, begun.attempt);
  const word = await askAfterRejection(parts, job, { outcome, clientOrderId: orderId });
  if (word.kind === "at_venue") return { ...word, fresh: false };
  return word.kind === "unknown" ? { kind: "unknown", signedAtMs, refusal: outcome } : sent;
}

async function resolveUnknown(
  parts: ExecutionParts,
  job: Job,
  attempt: number,
  sent: Extract<Sent, { kind: "unknown" }>,
) {
  const { intent } = job;
  const { refusal } = sent;
  await markOrderUnknown(parts.redis, parts.keys, {
    intentId: intent.intent_id,
    owner: parts.owner,
    why: refusal === undefined ? "ambiguous" : "refused",
    refusal: refusal?.class === "FINAL" || refusal?.class === "UNKNOWN" ? wordsOf(refusal) : undefined,
  });
  return resolveAttempt(parts, job, {
    clientOrderId: clientOrderId(intent.intent_id, attempt),
    signedAtMs: sent.signedAtMs,
    recvWindowMs: parts.recvWindowMs,
  });
}

function askBudget(parts: ExecutionParts, job: Job) {
  const guarded = job.kind === "entry" && parts.rules.protectiveStop === "exchange";
  return parts.exchange.admit(job.kind, guarded ? GUARDED_COST : ORDER_COST);
}

/** Whether an order may be sent without waiting. */
export function budgetAllows(parts: ExecutionParts, job: Job): boolean {
  return askBudget(parts, job).kind === "ok";
}

/** Entries end at a spent budget or a ban; exits wait for it. */
async function awaitBudget(parts: ExecutionParts, job: Job): Promise<Ending | undefined> {
  for (;;) {
    const admission = askBudget(parts, job);
    if (admission.kind === "ok") return undefined;
    if (job.kind === "entry") return rejected("VENUE_LIMITED", "the request budget is spent");
    await pause(parts, job, admission.kind === "wait" ? Math.min(admission.ms, 1000) : 250);
  }
}

async function prepareAgain(
  parts: ExecutionParts,
  job: Job,
  next: Exclude<AfterRejection, { kind: "end" }>,
): Promise<void> {
  if (next.kind === "sign_again") return;
  if (next.kind === "cancel_resting_first")
    await insist(parts, job, () => parts.exchange.cancelAll(job.intent.symbol));
  else if (next.kind === "read_rules_first") await parts.exchange.refreshRules();
  else await pause(parts, job, next.afterMs);
}

/** What an exit would be refused without is asked for until the venue does it, or answers what is no outage. */
async function insist(parts: ExecutionParts, job: Job, ask: () => Promise<Reading<unknown>>): Promise<void> {
  for (let waitMs = INSIST_FIRST_MS; ; waitMs = Math.min(2 * waitMs, INSIST_LAST_MS)) {
    const reading = await ask();
    if (reading.ok || job.kind === "entry") return;
    if (reading.outcome.class === "FINAL" || reading.outcome.row === "UNRECOGNISED") return;
    await pause(parts, job, waitMs);
  }
}

async function submitAttempt(
  parts: ExecutionParts,
  job: Job,
  plan: OrderPlan,
  attempt: number,
): Promise<Submitted> {
  const stopped = job.kind === "entry" ? parts.entriesStopped() : undefined;
  const submission = submissionOf(parts, job, plan, attempt);
  const { signedAtMs } = submission;
  if (stopped !== undefined) return { signedAtMs, reply: { kind: "denied", reason: stopped } };
  return { signedAtMs, reply: await submitOrder(parts.redis, parts.keys, submission) };
}

/** What the ledger is asked and told, with the timestamp that will be sent. */
export function submissionOf(
  parts: ExecutionParts,
  { intent, kind }: Pick<Job, "intent" | "kind">,
  plan: OrderPlan,
  attempt: number,
): Submission {
  return {
    intentId: intent.intent_id,
    owner: parts.owner,
    kind,
    attempt,
    clientOrderId: clientOrderId(intent.intent_id, attempt),
    symbol: plan.symbol,
    signedAtMs: Math.floor(parts.exchange.serverNowMs()),
    recvWindowMs: parts.recvWindowMs,
    side: plan.side,
    quantity: plan.quantity,
    decidedAtMs: intent.ts_ms,
    ageMaxMs: parts.rules.ageMaxMs,
    holdMinMs: parts.rules.holdMinMs,
    tradesMax: parts.rules.tradesMax,
    gates: parts.rules.gates,
    document: encodeIntent(intent),
  };
}

async function sendAttempt(
  parts: ExecutionParts,
  job: Job,
  plan: OrderPlan,
  begun: { readonly attempt: number; readonly submitted: Submitted | undefined },
): Promise<Sent> {
  const { intent, kind } = job;
  const { reply, signedAtMs } = begun.submitted ?? (await submitAttempt(parts, job, plan, begun.attempt));
  if (reply.kind === "denied") return { kind: "ended", ending: denied(reply.reason) };
  if (reply.kind === "held")
    return { kind: "ended", ending: { state: "HELD", reason: reply.reason, detail: "" } };
  if (reply.kind === "expired")
    return { kind: "ended", ending: { state: "EXPIRED", detail: "before it was sent" } };
  // Once more, now that nothing but the request itself lies between this look and the venue.
  const stopped = kind === "entry" ? parts.entriesStopped() : undefined;
  if (stopped !== undefined) return { kind: "ended", ending: denied(stopped) };
  const sending = parts.exchange.submitOrder(
    { ...plan, kind, clientOrderId: clientOrderId(intent.intent_id, begun.attempt) },
    { timestampMs: signedAtMs, recvWindowMs: parts.recvWindowMs },
  );
  // Told while the request is on its way: it does not wait for a metric.
  parts.observe.orderSent(kind, parts.redis.serverNowMs() - intent.ts_ms);
  const outcome = await sending;
  if (reply.wouldHold !== undefined) noteWouldHold(parts, job, reply.wouldHold);
  if (outcome.phase === "accepted") {
    parts.credentialsRefused(false);
    return hasEnded(outcome.order)
      ? { kind: "at_venue", order: outcome.order, fresh: true }
      : { kind: "unknown", signedAtMs };
  }
  parts.observe.venueOutcome(outcome.outcome);
  if (outcome.outcome.advice === "STOP_ENTRIES") parts.credentialsRefused(true);
  // Whatever is planned from now on is planned for the account as it is.
  if (outcome.outcome.advice === "READ_ACCOUNT") await insist(parts, job, () => parts.exchange.probe());
  return outcome.phase === "ambiguous"
    ? { kind: "unknown", signedAtMs, refusal: refusalOf(kind, outcome.outcome) }
    : { kind: "rejected", outcome: outcome.outcome, signedAtMs };
}
