/** Counts complete top-level RESP2 replies in a byte stream, however it is cut. */
export interface ReplyCounter {
  /** How many replies ended within these bytes. Throws with the server's words at an error reply. */
  take(bytes: Buffer): number;
}

const LINE_FEED = 0x0a;
const DOLLAR = 0x24;
const STAR = 0x2a;
const MINUS = 0x2d;

/** A counter at the beginning of a stream. */
export function createReplyCounter(): ReplyCounter {
  let rest: Buffer = Buffer.alloc(0);
  return {
    take(bytes) {
      const data = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
      let at = 0;
      let count = 0;
      for (let end = replyEnd(data, at); end >= 0; end = replyEnd(data, at)) {
        count += 1;
        at = end;
      }
      rest = Buffer.from(data.subarray(at));
      return count;
    },
  };
}

/** Where the reply that begins at `at` ends, or −1 when more bytes are needed. */
function replyEnd(data: Buffer, at: number): number {
  const lineEnd = data.indexOf(LINE_FEED, at);
  if (lineEnd < 0) return -1;
  const kind = data[at];
  if (kind === MINUS) throw new Error(data.toString("utf8", at, lineEnd - 1));
  if (kind !== DOLLAR && kind !== STAR) return lineEnd + 1;
  const size = Number(data.toString("latin1", at + 1, lineEnd - 1));
  if (kind === DOLLAR) {
    const end = size < 0 ? lineEnd + 1 : lineEnd + 1 + size + 2;
    return end <= data.length ? end : -1;
  }
  let next = lineEnd + 1;
  for (let item = 0; item < size; item += 1) {
    next = replyEnd(data, next);
    if (next < 0) return -1;
  }
  return next;
}
