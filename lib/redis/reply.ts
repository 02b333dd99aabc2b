/** A RESP2 reply as the server sent it: no transformation that could throw on an unexpected shape. */
export type RedisReply = string | number | null | readonly RedisReply[];

export type RedisArgument = string | Buffer;

/** A reply of a shape that the protocol does not allow here. A broken invariant, not an outage. */
export class UnexpectedReplyError extends Error {
  readonly code = "REDIS_UNEXPECTED_REPLY";
  constructor(expected: string, reply: unknown) {
    super(`expected ${expected}, got ${JSON.stringify(reply)?.slice(0, 200)}`);
    this.name = "UnexpectedReplyError";
  }
}

/** The reply as a list. Throws UnexpectedReplyError. */
export function listReply(reply: RedisReply | undefined): readonly RedisReply[] {
  if (typeof reply === "object" && reply !== null) return reply;
  throw new UnexpectedReplyError("a list", reply);
}

/** The reply as text; numbers become their decimal text. Throws UnexpectedReplyError. */
export function textReply(reply: RedisReply | undefined): string {
  if (typeof reply === "string") return reply;
  if (typeof reply === "number") return String(reply);
  throw new UnexpectedReplyError("text", reply);
}

/** The reply as a whole number; decimal text is read too. Throws UnexpectedReplyError. */
export function integerReply(reply: RedisReply | undefined): number {
  const value = typeof reply === "string" && reply !== "" ? Number(reply) : reply;
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  throw new UnexpectedReplyError("a whole number", reply);
}

/** The reply as text, or undefined for nil. Throws UnexpectedReplyError on anything else. */
export function optionalTextReply(reply: RedisReply | undefined): string | undefined {
  return reply === null ? undefined : textReply(reply);
}

/**
 * A flat list of names and values (HGETALL, an entry's fields) as a record. Nothing is lost: of a name that comes
 * more than once the last value counts, and the earlier ones stand beside it as `name#1`, `name#2`; `__proto__` is a
 * name like any other. Throws UnexpectedReplyError.
 */
export function recordReply(reply: RedisReply | undefined): Record<string, string> {
  const flat = listReply(reply);
  if (flat.length % 2 !== 0) throw new UnexpectedReplyError("pairs of name and value", reply);
  const record: Record<string, string> = {};
  for (let at = 0; at < flat.length; at += 2) {
    const name = textReply(flat[at]);
    const before = Object.hasOwn(record, name) ? record[name] : undefined;
    if (before !== undefined) define(record, freeName(record, name), before);
    define(record, name, textReply(flat[at + 1]));
  }
  return record;
}

function freeName(record: Readonly<Record<string, string>>, name: string): string {
  let again = 1;
  while (Object.hasOwn(record, `${name}#${again}`)) again += 1;
  return `${name}#${again}`;
}

/** Assigning to `__proto__` would set the prototype, and drop text. */
function define(record: Record<string, string>, name: string, value: string): void {
  if (name !== "__proto__") record[name] = value;
  else Object.defineProperty(record, name, { value, enumerable: true, configurable: true, writable: true });
}
