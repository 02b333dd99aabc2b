import { RedisReplyError } from "./redis-errors.ts";
import type { RedisReply } from "./reply.ts";

export interface ReplyParser {
  /**
   * Takes the next bytes of the connection; calls `onReply` for each reply that is complete with them. An error
   * within a list (of EXEC) stands in it as the RedisReplyError it is, as in node-redis' replies. Throws ProtocolError for what is not RESP2: nothing after it can be understood any more.
   */
  push(bytes: Buffer): void;
}

/** What the server sent is not RESP2. */
export class ProtocolError extends Error {
  readonly code = "REDIS_PROTOCOL";
  constructor(detail: string) {
    super(`what the server sent is no reply: ${detail}`);
    this.name = "ProtocolError";
  }
}

const END = "\r\n";
/** Of RESP2 itself: 512 MB a string. Larger is a line that was misread. */
const BULK_MAX = 512 * 1024 * 1024;
const LIST_MAX = 1024 * 1024;
/** Of nested lists; a stream's page has five. */
const DEPTH_MAX = 32;
/** A status, an error, a number or a length; longer is no line. */
const LINE_MAX = 64 * 1024;

interface OpenList {
  readonly items: RedisReply[];
  readonly length: number;
}

/** A parser for one connection. Bytes may be cut anywhere. */
export function createReplyParser(onReply: (reply: RedisReply | RedisReplyError) => void): ReplyParser {
  /** Lists that are begun, outermost first. */
  const open: OpenList[] = [];
  let chunks: Buffer[] = [];
  let held = 0;
  /** With fewer bytes there is nothing to gain from looking. */
  let needed = 1;

  function complete(value: RedisReply | RedisReplyError): void {
    let done = value;
    for (let list = open.at(-1); list !== undefined; list = open.at(-1)) {
      // The type of a reply leaves out what only `transaction` looks for.
      list.items.push(done as RedisReply);
      if (list.items.length < list.length) return;
      open.pop();
      done = list.items;
    }
    onReply(done);
  }

  function begin(length: number): void {
    if (length < 0) complete(null);
    else if (length === 0) complete([]);
    else if (open.length < DEPTH_MAX) open.push({ items: [], length });
    else throw new ProtocolError("lists too deep");
  }

  /** One element from `at`; returns where it ends, or undefined when its bytes are not all there. */
  function element(bytes: Buffer, at: number): number | undefined {
    const end = bytes.indexOf(END, at);
    if (end < 0) {
      if (bytes.length - at > LINE_MAX) throw new ProtocolError("a line without an end");
      needed = bytes.length - at + 1;
      return undefined;
    }
    const kind = bytes.toString("latin1", at, at + 1);
    const line = bytes.toString("utf8", at + 1, end);
    const next = end + END.length;
    if (kind === "+") complete(line);
    else if (kind === "-") complete(new RedisReplyError(line));
    else if (kind === ":") complete(wholeNumber(line, Number.MAX_SAFE_INTEGER));
    else if (kind === "*") begin(wholeNumber(line, LIST_MAX));
    else if (kind === "$") return bulk(bytes, { at, from: next, length: wholeNumber(line, BULK_MAX) });
    else throw new ProtocolError(`unknown type ${JSON.stringify(kind)}`);
    return next;
  }

  function bulk(
    bytes: Buffer,
    { at, from, length }: { readonly at: number; readonly from: number; readonly length: number },
  ): number | undefined {
    if (length < 0) {
      complete(null);
      return from;
    }
    const next = from + length + END.length;
    if (bytes.length < next) {
      needed = next - at;
      return undefined;
    }
    if (bytes.toString("latin1", from + length, next) !== END)
      throw new ProtocolError("a string without its end");
    complete(bytes.toString("utf8", from, from + length));
    return next;
  }

  return {
    push(more) {
      chunks.push(more);
      held += more.length;
      if (held < needed) return;
      const bytes = chunks.length === 1 ? more : Buffer.concat(chunks);
      needed = 1;
      let at = 0;
      while (at < bytes.length) {
        const next = element(bytes, at);
        if (next === undefined) break;
        at = next;
      }
      chunks = at < bytes.length ? [bytes.subarray(at)] : [];
      held = bytes.length - at;
    },
  };
}

/** −1 stands for nil. */
function wholeNumber(text: string, max: number): number {
  const value = Number(text);
  if (!/^-?\d{1,19}$/.test(text) || value > max)
    throw new ProtocolError(`${JSON.stringify(text)} is no length`);
  return value;
}
