import { isAscii } from "node:buffer";
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
const NOTHING: Buffer = Buffer.alloc(0);
const [CARRIAGE_RETURN, LINE_FEED, ZERO, NINE] = [13, 10, 48, 57];
const [STATUS, ERROR, NUMBER, LIST, TEXT] = [..."+-:*$"].map((kind) => kind.charCodeAt(0));
/** Of RESP2 itself: 512 MB a string. Larger is a line that was misread. */
const BULK_MAX = 512 * 1024 * 1024;
const LIST_MAX = 1024 * 1024;
/** Of nested lists; a stream's page has five. */
const DEPTH_MAX = 32;
/** A status, an error, a number or a length; longer is no line. */
const LINE_MAX = 64 * 1024;

/** Of a 64-bit counter, which anyone may have set. Beyond 2^53 it is rounded: one value is no doubt about the connection. */
const NUMBER_MAX = 2 ** 63;

/** As many digits a number holds exactly. */
const EXACT_DIGITS = 15;

interface OpenList {
  readonly items: RedisReply[];
  readonly length: number;
}

/**
 * A parser for one connection. Bytes may be cut anywhere.
 *
 * Bytes are looked at as a text of one character a byte: where they are ASCII, which nearly all are, what is in them is
 * a piece of that text. Decoding each string by itself takes twenty times as long.
 */
export function createReplyParser(onReply: (reply: RedisReply | RedisReplyError) => void): ReplyParser {
  return new BufferedReplies(onReply);
}

class BufferedReplies implements ReplyParser {
  readonly #onReply: (reply: RedisReply | RedisReplyError) => void;
  /** Lists that are begun, outermost first. */
  readonly #open: OpenList[] = [];
  #chunks: Buffer[] = [];
  #held = 0;
  /** With fewer bytes there is nothing to gain from looking. */
  #needed = 1;
  #bytes = NOTHING;
  #text = "";
  #ascii = true;
  /** Where the line ends that was read last. */
  #lineEnd = 0;

  constructor(onReply: (reply: RedisReply | RedisReplyError) => void) {
    this.#onReply = onReply;
  }

  push(more: Buffer): void {
    this.#chunks.push(more);
    this.#held += more.length;
    if (this.#held < this.#needed) return;
    const bytes = this.#chunks.length === 1 ? more : Buffer.concat(this.#chunks);
    this.#bytes = bytes;
    this.#text = bytes.toString("latin1");
    this.#ascii = isAscii(bytes);
    this.#needed = 1;
    let at = 0;
    while (at < bytes.length) {
      const next = this.#element(at);
      if (next === undefined) break;
      at = next;
    }
    this.#chunks = at < bytes.length ? [bytes.subarray(at)] : [];
    this.#held = bytes.length - at;
    this.#text = "";
    this.#bytes = NOTHING;
  }

  /** One element from `at`; returns where it ends, or undefined when its bytes are not all there. */
  #element(at: number): number | undefined {
    const kind = this.#text.charCodeAt(at);
    if (kind === TEXT) return this.#bulk(at);
    if (kind === LIST || kind === NUMBER) {
      const value = this.#number(at, kind === LIST ? LIST_MAX : NUMBER_MAX);
      if (value === undefined) return undefined;
      const next = this.#lineEnd + END.length;
      if (kind === LIST) this.#begin(value);
      else this.#complete(value);
      return next;
    }
    const line = this.#line(at);
    if (line === undefined) return undefined;
    const next = this.#lineEnd + END.length;
    if (kind === STATUS) this.#complete(line);
    else if (kind === ERROR) this.#complete(new RedisReplyError(line));
    else throw new ProtocolError(`unknown type ${JSON.stringify(this.#text[at])}`);
    return next;
  }

  #bulk(at: number): number | undefined {
    const length = this.#number(at, BULK_MAX);
    if (length === undefined) return undefined;
    const from = this.#lineEnd + END.length;
    if (length < 0) {
      this.#complete(null);
      return from;
    }
    const end = from + length;
    if (this.#text.length < end + END.length) {
      this.#needed = end + END.length - at;
      return undefined;
    }
    if (this.#text.charCodeAt(end) !== CARRIAGE_RETURN || this.#text.charCodeAt(end + 1) !== LINE_FEED)
      throw new ProtocolError("a string without its end");
    this.#complete(this.#between(from, end));
    return end + END.length;
  }

  /** The number of the element at `at`; undefined when its line is not all there. */
  #number(at: number, max: number): number | undefined {
    const text = this.#text;
    let end = at + 1;
    let value = 0;
    let code = text.charCodeAt(end);
    while (code >= ZERO && code <= NINE) {
      value = value * 10 + (code - ZERO);
      end += 1;
      code = text.charCodeAt(end);
    }
    const digits = end - at - 1;
    const isLine = code === CARRIAGE_RETURN && text.charCodeAt(end + 1) === LINE_FEED;
    if (isLine && digits >= 1 && digits <= EXACT_DIGITS && value <= max) {
      this.#lineEnd = end;
      return value;
    }
    const line = this.#line(at);
    return line === undefined ? undefined : wholeNumber(line, max);
  }

  /** The line of the element at `at` without its type; undefined when it is not all there. */
  #line(at: number): string | undefined {
    this.#lineEnd = this.#text.indexOf(END, at);
    if (this.#lineEnd >= 0) return this.#between(at + 1, this.#lineEnd);
    const length = this.#text.length - at;
    if (length > LINE_MAX) throw new ProtocolError("a line without an end");
    this.#needed = length + 1;
    return undefined;
  }

  #between(from: number, to: number): string {
    return this.#ascii ? this.#text.slice(from, to) : this.#bytes.toString("utf8", from, to);
  }

  #begin(length: number): void {
    if (length < 0) this.#complete(null);
    else if (length === 0) this.#complete([]);
    else if (this.#open.length < DEPTH_MAX) this.#open.push({ items: [], length });
    else throw new ProtocolError("lists too deep");
  }

  #complete(value: RedisReply | RedisReplyError): void {
    const open = this.#open;
    let done = value;
    for (let list = open[open.length - 1]; list !== undefined; list = open[open.length - 1]) {
      // The type of a reply leaves out what only `transaction` looks for.
      list.items.push(done as RedisReply);
      if (list.items.length < list.length) return;
      open.pop();
      done = list.items;
    }
    this.#onReply(done);
  }
}

/** −1 stands for nil. */
function wholeNumber(text: string, max: number): number {
  const value = Number(text);
  if (!/^-?\d{1,19}$/.test(text) || value > max)
    throw new ProtocolError(`${JSON.stringify(text)} is no length`);
  return value;
}
