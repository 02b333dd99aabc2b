/** An error reply, wherever in a reply it stands. */
export class ReplyError extends Error {}

/** What the server said; errors are values here. */
export type Reply = string | number | null | ReplyError | Reply[];

/** A command as it goes over the wire. */
export function encodeCommand(args: readonly (string | Buffer)[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${args.length}\r\n`)];
  for (const arg of args) {
    const bytes = typeof arg === "string" ? Buffer.from(arg) : arg;
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, CRLF);
  }
  return Buffer.concat(parts);
}

const CRLF = Buffer.from("\r\n");

/** One reply read from the head of `bytes`, or undefined when it is not all there yet. */
export function decodeReply(bytes: Buffer): { readonly reply: Reply; readonly length: number } | undefined {
  const reader = new Reader(bytes);
  const reply = reader.read();
  return reply === undefined ? undefined : { reply, length: reader.at };
}

class Reader {
  readonly #bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  read(): Reply | undefined {
    const end = this.#bytes.indexOf("\r\n", this.at);
    if (end < 0) return undefined;
    const kind = this.#bytes[this.at];
    const rest = this.#bytes.toString("utf8", this.at + 1, end);
    this.at = end + 2;
    if (kind === 0x2b) return rest;
    if (kind === 0x2d) return new ReplyError(rest);
    if (kind === 0x3a) return Number(rest);
    if (kind === 0x24) return this.#bulk(Number(rest));
    if (kind === 0x2a) return this.#list(Number(rest));
    throw new Error(`no RESP2 reply begins with byte ${kind}`);
  }

  #bulk(length: number): string | null | undefined {
    if (length < 0) return null;
    if (this.#bytes.length < this.at + length + 2) return undefined;
    const text = this.#bytes.toString("utf8", this.at, this.at + length);
    this.at += length + 2;
    return text;
  }

  #list(length: number): Reply[] | null | undefined {
    if (length < 0) return null;
    const list: Reply[] = [];
    for (let index = 0; index < length; index += 1) {
      const one = this.read();
      if (one === undefined) return undefined;
      list.push(one);
    }
    return list;
  }
}
