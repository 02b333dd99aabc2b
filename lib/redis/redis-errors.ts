/**
 * What can become of a command, as two questions: was it executed (no / unknown / the server answered), and
 * does trying again later make sense.
 */

/** The command was not sent: nothing happened. */
export class RedisUnavailableError extends Error {
  readonly code = "REDIS_UNAVAILABLE";
  readonly hint: string;
  constructor(message: string, options: { readonly hint?: string; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = "RedisUnavailableError";
    this.hint = options.hint ?? "Check that redis-server runs and that REDIS_URL points to it.";
  }
}

/**
 * The command may have been executed, or may still be: the deadline passed or the connection was lost with
 * the command in flight. Repeat it only with the same ids.
 */
export class RedisOutcomeUnknownError extends Error {
  readonly code: "REDIS_DEADLINE" | "REDIS_CONNECTION_LOST";
  readonly hint = "Redis hangs, is overloaded or was restarted; see its log and SLOWLOG.";
  constructor(code: RedisOutcomeUnknownError["code"], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "RedisOutcomeUnknownError";
    this.code = code;
  }
}

/** What a node of a cluster says of keys that are not its own: about where we are connected to, not about an entry. */
const ELSEWHERE_CODES: ReadonlySet<string> = new Set(["MOVED", "ASK", "CROSSSLOT"]);

/** Refusals that are about the server's condition and not about the command: it may pass later. */
const TRANSIENT_CODES: ReadonlySet<string> = new Set([
  "LOADING",
  "BUSY",
  "OOM",
  "READONLY",
  "MISCONF",
  "NOREPLICAS",
  "MASTERDOWN",
  "CLUSTERDOWN",
  "TRYAGAIN",
]);

/** What Redis 7.0 says of a command, or a key, that the caller of a function may not touch: without a code of its own. */
const FORBIDDEN_WITHIN = /^ERR The user executing the script can't /;

/** The server answered with an error; `code` is its first word (WRONGTYPE, OOM, NOGROUP, …). */
export class RedisReplyError extends Error {
  readonly code: string;
  /** Whether the same command may succeed later without anyone correcting it. */
  readonly transient: boolean;
  /** Whether a cluster has the keys on another node, or on several. */
  readonly elsewhere: boolean;
  readonly hint: string;
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "RedisReplyError";
    this.code = FORBIDDEN_WITHIN.test(message) ? "NOPERM" : (/^[A-Z][A-Z0-9_]*/.exec(message)?.[0] ?? "ERR");
    this.elsewhere = ELSEWHERE_CODES.has(this.code);
    this.transient = this.elsewhere || TRANSIENT_CODES.has(this.code);
    this.hint = HINTS[this.code] ?? "";
  }
}

const HINTS: Readonly<Record<string, string>> = {
  OOM: "Redis is at maxmemory: raise it, or let stream recovery trim.",
  READONLY: "This Redis is a replica: point REDIS_URL to the primary.",
  NOREPLICAS: "min-replicas-to-write is not met: bring the replicas back.",
  MISCONF: "Redis cannot save to disk: free space or repair its directory.",
  NOAUTH: "Redis asks for a password: put it into REDIS_URL.",
  WRONGPASS: "Redis refuses user or password of REDIS_URL.",
  NOPERM: "The ACL of this Redis user lacks a command or a key pattern.",
  MOVED:
    "This node of a Redis cluster does not have our keys: point REDIS_URL to the primary that has their slot.",
  ASK: "The cluster is moving our keys to another node: point REDIS_URL to that one once it is done.",
  CROSSSLOT: "Our keys are in several slots of a cluster: give QUANTUM_NAMESPACE a hash tag, like {acct-7}.",
  BUSY: "A script or function runs too long; FUNCTION KILL ends one that has not written.",
};

/** Whether the error says something about Redis (absent, in doubt, or refusing), and not about our code. */
export function isRedisError(
  error: unknown,
): error is RedisUnavailableError | RedisOutcomeUnknownError | RedisReplyError {
  return (
    error instanceof RedisUnavailableError ||
    error instanceof RedisOutcomeUnknownError ||
    error instanceof RedisReplyError
  );
}

/**
 * Whether the trouble is Redis' and not our code's: one of ours, or a server-side function that says the call
 * reached it after its deadline (CALL_EXPIRED, a class of the function library's doors).
 */
export function isRedisTrouble(error: unknown): error is Error {
  if (isRedisError(error)) return true;
  return error instanceof Error && "code" in error && error.code === "CALL_EXPIRED";
}

/** Whether Redis as such is out of service: waiting helps, and nothing about the entry at hand is wrong. */
export function isRedisOutage(error: unknown): boolean {
  return isRedisError(error) && !(error instanceof RedisReplyError && !error.transient);
}
