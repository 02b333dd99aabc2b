import {
  OUTCOME_TABLE,
  type Outcome,
  type OutcomeRow,
  type OutcomeRowId,
  type TransportFault,
} from "./outcome-classes.ts";

/** What came back, or did not. */
export type Answer =
  | {
      readonly kind: "fault";
      readonly fault: TransportFault;
      readonly message: string;
      /** WITHHELD: how long the limit still stands. */
      readonly retryAfterMs?: number;
    }
  | {
      readonly kind: "reply";
      readonly status: number;
      readonly body: string;
      /** The Retry-After header as it came; null when absent. */
      readonly retryAfter: string | null;
    };

/** A body as the venue writes errors; code and message null where it is something else. */
interface VenueError {
  readonly code: number | null;
  readonly message: string;
}

const MESSAGE_LENGTH_MAX = 200;
/** Waits where the venue names none: bans are never shorter (ms); order limits reset every 10 s. */
const BAN_MS = 120_000;
const WEIGHT_WINDOW_MS = 60_000;
const ORDER_WINDOW_MS = 10_000;
function readError(body: string): VenueError {
  try {
    const json: unknown = JSON.parse(body);
    if (json !== null && typeof json === "object" && "code" in json) {
      const code = typeof json.code === "number" && json.code < 0 ? json.code : null;
      return { code, message: "msg" in json && typeof json.msg === "string" ? json.msg : "" };
    }
  } catch {
    // Not JSON: the text itself may still be one the venue documents.
  }
  return { code: null, message: body };
}

function codeMatches(row: OutcomeRow, code: number): boolean {
  return (row.codes ?? []).some((known) =>
    typeof known === "number" ? known === code : code >= known[0] && code <= known[1],
  );
}

function matches(row: OutcomeRow, answer: Answer, error: VenueError): boolean {
  if (row.transport || answer.kind === "fault") {
    return answer.kind === "fault" && (row.transport?.includes(answer.fault) ?? row.id === "UNRECOGNISED");
  }
  if (row.statuses && !row.statuses.includes(answer.status)) return false;
  if (row.codes && (error.code === null || !codeMatches(row, error.code))) return false;
  return row.text === undefined || row.text === error.message.trim();
}

/** "… banned until 1700000000000 …" or the header, in ms from now; at least 1. */
function retryAfterOf(answer: Answer, error: VenueError, nowMs: number): number {
  if (answer.kind === "fault") return answer.retryAfterMs ?? 1;
  const seconds = answer.retryAfter?.trim() ?? "";
  const fromHeaderMs = /^\d{1,7}(?:\.\d+)?$/.test(seconds)
    ? Math.max(1, Math.ceil(Number(seconds) * 1000))
    : 0;
  const bannedUntil = /banned until (\d{13})/.exec(error.message)?.[1];
  const fromTextMs = bannedUntil === undefined ? 0 : Number(bannedUntil) - nowMs;
  const named = Math.max(fromHeaderMs, fromTextMs);
  if (named > 0) return named;
  if (answer.status === 418) return BAN_MS;
  return error.code === -1015 ? ORDER_WINDOW_MS : WEIGHT_WINDOW_MS;
}

const readable = (text: string): string => text.replace(/\s+/g, " ").trim().slice(0, MESSAGE_LENGTH_MAX);

/** Whether an answer is the venue's yes: 2xx without an error code of its own in the body. */
export function isAccepted(status: number, json: unknown): boolean {
  if (status < 200 || status > 299) return false;
  const code = json !== null && typeof json === "object" && "code" in json ? json.code : undefined;
  return typeof code !== "number" || code >= 0;
}

/**
 * The class of a request that was not accepted. Pure. `method` matters once: what is in doubt may be asked
 * again when it only reads or sets a state (GET, PUT, DELETE), and never when it places an order (POST).
 */
export function classifyOutcome(input: {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly answer: Answer;
  /** The venue's clock, for bans that name an instant. */
  readonly nowMs: number;
}): Outcome {
  const { answer } = input;
  const error = answer.kind === "reply" ? readError(answer.body) : { code: null, message: answer.message };
  const rows: readonly OutcomeRow<OutcomeRowId>[] = OUTCOME_TABLE;
  const found = rows.find((row) => matches(row, answer, error));
  if (found === undefined) throw new Error("the last row of the outcome table matches everything");
  return {
    row: found.id,
    class: found.class,
    phase: found.phase,
    retryable: found.retryable || (found.class === "UNKNOWN" && input.method !== "POST"),
    advice: found.advice,
    httpStatus: answer.kind === "reply" ? answer.status : null,
    code: error.code,
    message: readable(error.message),
    retryAfterMs: found.class === "LIMITED" ? retryAfterOf(answer, error, input.nowMs) : null,
  };
}
