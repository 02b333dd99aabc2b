import { GROUPS } from "../contract/groups.ts";
import type { Keys } from "../contract/keys.ts";
import { LIFETIMES_SEC } from "../contract/lifetimes.ts";
import { ADMISSION_REASONS, type AdmissionReason, type InvalidDetail } from "../contract/reasons.ts";
import { callFunction, type FunctionCaller, UnexpectedReplyError } from "./function-call.ts";

/** The limits of an admission, from the router's configuration. */
export interface AdmissionLimits {
  readonly windowSec: number;
  readonly globalMax: number;
  readonly symbolMax: number;
  readonly cooldownSec: number;
  readonly window: "sliding" | "fixed";
  readonly dailyMax: number;
  readonly backlogMax: number;
  readonly routerPid: number;
}

/** What the router's own limiter said when the counters in Redis were unreadable; `check` asks Redis. */
export type RateVerdict = "check" | "allow" | "trip_global" | "trip_symbol" | "deny";

/** One decision on its way to a verdict. Entries and exits carry the document that would be published. */
export type AdmissionRequest = {
  /** Entry id in the decision stream. */
  readonly id: string;
  readonly symbol: string;
  readonly side: string;
  readonly correlationId: string;
  readonly traceId: string;
} & (
  | { readonly kind: "entry" | "exit"; readonly intentId: string; readonly document: string }
  | { readonly kind: "skip" }
  | { readonly kind: "EXPIRED" }
  | { readonly kind: "INVALID"; readonly detail: InvalidDetail }
  | { readonly kind: "dead"; readonly detail: string; readonly document: string }
);

export interface Admission {
  /** The server's clock when it decided (epoch ms). */
  readonly serverNowMs: number;
  /** In the order of the requests. */
  readonly verdicts: readonly AdmissionVerdict[];
}

export type AdmissionVerdict =
  /** Published; `entryId` in the intent or exit stream. */
  | { readonly kind: "ADMITTED" | "EXIT"; readonly entryId: string }
  | { readonly kind: "SKIPPED" }
  | { readonly kind: "DEAD" }
  /** `counts` of a trip: global and symbol count as its fault event has them. */
  | {
      readonly kind: "DENIED";
      readonly reason: AdmissionReason;
      readonly counts: { readonly global: number; readonly symbol: number } | undefined;
    }
  /** Undecided: the rate counters are unreadable. Ask again for it alone, with a RateVerdict. */
  | { readonly kind: "RATE_FAULT"; readonly error: string }
  /** Untouched: no switch refuses it, and its document was withheld. Ask again with it. */
  | { readonly kind: "UNDECIDED" };

/** Whether nothing comes of the decision, whatever Redis holds: its verdict is its kind. */
export function publishesNothing({ kind }: AdmissionRequest): boolean {
  return kind === "skip" || kind === "INVALID" || kind === "EXPIRED";
}

/** Only admit_v1 is refused by a server that is out of memory. */
function functionFor(requests: readonly AdmissionRequest[]): string {
  if (requests.every(({ kind }) => kind === "exit")) return "admit_exits_v1";
  return requests.every(publishesNothing) ? "dismiss_v1" : "admit_v1";
}

/** Lua can hand on so many values at once with room to spare; a page of the router is far smaller. */
const REQUESTS_MAX = 1000;

function decisionArgs(request: AdmissionRequest, withheld: boolean): readonly string[] {
  return [
    request.id,
    request.kind,
    "intentId" in request ? request.intentId : "detail" in request ? request.detail : "",
    request.symbol,
    request.side,
    request.correlationId,
    request.traceId,
    "document" in request && !(withheld && request.kind === "entry") ? request.document : "",
  ];
}

/**
 * Admits a batch of decisions in one atomic call (admit_v1, or what a server out of memory takes, too). Safe to
 * repeat with the same requests after an unknown outcome: what was handled then comes back as a duplicate.
 * Throws CallExpiredError, UnexpectedReplyError and the connection's errors.
 */
export async function admit(
  caller: FunctionCaller,
  keys: Keys,
  batch: {
    readonly limits: AdmissionLimits;
    readonly requests: readonly AdmissionRequest[];
    readonly rates: RateVerdict;
    /** Entries are expected to be refused, for which their documents are not needed; the others come back UNDECIDED. */
    readonly withheld?: boolean;
  },
): Promise<Admission> {
  const { limits, requests, rates, withheld = false } = batch;
  if (requests.length > REQUESTS_MAX) throw new RangeError(`${requests.length} requests in one call`);
  const name = functionFor(requests);
  const reply = await callFunction(caller, name, {
    keys: [keys.decisionStream, keys.intentStream, keys.exitIntentStream],
    args: [settingsText(limits, rates), ...requests.flatMap((request) => decisionArgs(request, withheld))],
  });
  if (reply[0] !== "OK" || reply.length !== 2 + 2 * requests.length) {
    throw new UnexpectedReplyError(name, reply);
  }
  return {
    serverNowMs: Number(reply[1]),
    verdicts: requests.map((_, index) => readVerdict(reply[2 + 2 * index] ?? "", reply[3 + 2 * index] ?? "")),
  };
}

const settingsTexts = new WeakMap<AdmissionLimits, string>();

/** What is the same at every call, in one argument: the server parses it once, and it is put together once. */
function settingsText(limits: AdmissionLimits, rates: RateVerdict): string {
  const known = settingsTexts.get(limits) ?? limitsText(limits);
  settingsTexts.set(limits, known);
  return `${known} ${rates}`;
}

function limitsText(limits: AdmissionLimits): string {
  return [
    GROUPS.router,
    GROUPS.executionIntents,
    limits.windowSec,
    limits.globalMax,
    limits.symbolMax,
    limits.cooldownSec,
    limits.window,
    limits.dailyMax,
    limits.backlogMax,
    LIFETIMES_SEC.messageDedup,
    LIFETIMES_SEC.intentDedup,
    limits.routerPid,
  ].join(" ");
}

function isAdmissionReason(text: string): text is AdmissionReason {
  return Object.hasOwn(ADMISSION_REASONS, text);
}

function readVerdict(verdict: string, detail: string): AdmissionVerdict {
  if (verdict === "ADMITTED" || verdict === "EXIT") return { kind: verdict, entryId: detail };
  if (verdict === "SKIPPED" || verdict === "DEAD" || verdict === "UNDECIDED") return { kind: verdict };
  if (verdict === "RATE_FAULT") return { kind: "RATE_FAULT", error: detail };
  if (!isAdmissionReason(verdict)) throw new UnexpectedReplyError("admit_v1", [verdict, detail]);
  const counts = /^(\d+)\/(\d+)$/.exec(detail);
  return {
    kind: "DENIED",
    reason: verdict,
    counts: counts === null ? undefined : { global: Number(counts[1]), symbol: Number(counts[2]) },
  };
}
