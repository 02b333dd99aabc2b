import { createHash } from "node:crypto";
import { z } from "zod";
import { parseJson } from "../contract/json-text.ts";
import type { StreamEntry } from "../redis/stream-entry.ts";

/**
 * One line of the audit file.
 *
 * 1. `hash` is the sha256 of every byte of the line before it: no byte of a line can change unseen.
 * 2. `prev` is the hash of the line before, `seq` its number plus one, also across files: no line can go,
 *    come or move unseen.
 */
export interface LineHead {
  readonly seq: number;
  readonly hash: string;
}

/** Before the very first line. */
export const GENESIS: LineHead = { seq: 0, hash: "0".repeat(64) };

export interface RecordedEntry extends StreamEntry {
  readonly stream: string;
}

/** `,"hash":"<64 hex>"}` */
const SEAL_LENGTH = 75;
const SEAL = /^,"hash":"([0-9a-f]{64})"\}$/;

const lineSchema = z.strictObject({
  prev: z.string().regex(/^[0-9a-f]{64}$/),
  seq: z.int().positive(),
  stream: z.string(),
  id: z.string(),
  fields: z.record(z.string(), z.string()),
});

/** The line that follows `before`, with its line feed. */
export function sealLine(
  before: LineHead,
  entry: RecordedEntry,
): { readonly text: string; readonly head: LineHead } {
  const seq = before.seq + 1;
  const { stream, id, fields } = entry;
  const body = JSON.stringify({ prev: before.hash, seq, stream, id, fields }).slice(0, -1);
  const hash = sha256(body);
  return { text: `${body},"hash":"${hash}"}\n`, head: { seq, hash } };
}

export type ReadLine =
  | {
      readonly kind: "line";
      readonly prev: string;
      readonly stream: string;
      readonly id: string;
      readonly head: LineHead;
    }
  | { readonly kind: "unreadable"; readonly problem: string };

/** Reads the bytes of a line, without its line feed. */
export function readLine(bytes: Buffer): ReadLine {
  const body = bytes.subarray(0, Math.max(0, bytes.length - SEAL_LENGTH));
  // latin1 keeps every byte apart; utf8 would make all invalid ones the same character.
  const seal = SEAL.exec(bytes.subarray(body.length).toString("latin1"));
  const hash = seal?.[1];
  if (hash === undefined) return { kind: "unreadable", problem: "is not a line of the audit log" };
  if (sha256(body) !== hash) return { kind: "unreadable", problem: "was edited: its hash does not fit" };
  const parsed = lineSchema.safeParse(parseJson(`${body.toString("utf8")}}`));
  if (!parsed.success) return { kind: "unreadable", problem: "is not a line of the audit log" };
  const { prev, seq, stream, id } = parsed.data;
  return { kind: "line", prev, stream, id, head: { seq, hash } };
}

function sha256(bytes: string | Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
