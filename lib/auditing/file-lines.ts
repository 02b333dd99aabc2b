import { closeSync, openSync, readSync } from "node:fs";

export interface FileLine {
  /** Without the line feed. */
  readonly bytes: Buffer;
  /** False for what stands after the last line feed. */
  readonly complete: boolean;
  /** Where the next line begins, bytes. */
  readonly end: number;
}

const CHUNK_BYTES = 1 << 20;
const LINE_FEED = 0x0a;

/** The lines of a file, one at a time: a day's file may be larger than memory. */
export function* fileLines(path: string): Generator<FileLine, void> {
  const fd = openSync(path, "r");
  try {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    let rest: Buffer = Buffer.alloc(0);
    let end = 0;
    for (;;) {
      const count = readSync(fd, chunk, 0, CHUNK_BYTES, null);
      if (count === 0) break;
      // Copied: the chunk is read over while a caller may still hold a line of it.
      const text = Buffer.concat([rest, chunk.subarray(0, count)]);
      let from = 0;
      for (let at = text.indexOf(LINE_FEED); at >= 0; at = text.indexOf(LINE_FEED, from)) {
        end += at + 1 - from;
        yield { bytes: text.subarray(from, at), complete: true, end };
        from = at + 1;
      }
      rest = text.subarray(from);
    }
    if (rest.length > 0) yield { bytes: rest, complete: false, end: end + rest.length };
  } finally {
    closeSync(fd);
  }
}
