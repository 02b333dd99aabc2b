/**
 * The worker's own memory on disk: it survives the death of Redis and of the worker.
 *
 * 1. `append` resolves once the line is on disk (fdatasync); what is appended meanwhile shares one sync.
 * 2. It never rejects and never takes longer than PATIENCE_MS: closing a position does not wait for a disk
 *    that hangs or is full. It says so by resolving to false.
 * 3. A line that a crash tore is skipped at the next start and harms none after it.
 */
import type { FileHandle } from "node:fs/promises";
import { open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { decodeJournalRecord, encodeJournalRecord, type JournalRecord } from "./journal-record.ts";
import { syncFolder } from "./sync-folder.ts";

/** Longest a panic waits for its disk, ms; a sync of a busy cloud disk takes a tenth of it. */
const PATIENCE_MS = 250;
/** Above this the journal is rewritten at start, without what is over. */
const COMPACT_ABOVE_BYTES = 1024 * 1024;

interface JournalSurroundings {
  readonly clock: { sleep(ms: number, signal?: AbortSignal): Promise<void> };
  readonly log: { error(fields: object, message: string): void };
  /** The file as a whole was too long: which of its records still matter. */
  compact(records: readonly JournalRecord[]): readonly JournalRecord[];
}

export interface PanicJournal {
  /** What was in the file at the start. */
  readonly records: readonly JournalRecord[];
  /** Whether the record is on disk. */
  append(record: JournalRecord): Promise<boolean>;
  close(): Promise<void>;
}

/** Reads the journal and opens it for more. Rejects when the file cannot be read or written. */
export async function openPanicJournal(path: string, parts: JournalSurroundings): Promise<PanicJournal> {
  const text = await textOf(path);
  let records = readRecords(text, path, parts.log);
  if (text.length > COMPACT_ABOVE_BYTES) {
    records = [...parts.compact(records)];
    await rewrite(path, records);
  }
  const file = await open(path, "a", 0o600);
  await syncFolder(dirname(path));
  return new AppendingJournal(file, records, { ...parts, torn: text !== "" && !text.endsWith("\n") });
}

class AppendingJournal implements PanicJournal {
  readonly records: readonly JournalRecord[];
  readonly #file: FileHandle;
  readonly #parts: JournalSurroundings;
  #torn: boolean;
  #lines: string[] = [];
  #writing: Promise<boolean> | undefined;

  constructor(
    file: FileHandle,
    records: readonly JournalRecord[],
    parts: JournalSurroundings & { readonly torn: boolean },
  ) {
    this.records = records;
    this.#file = file;
    this.#parts = parts;
    this.#torn = parts.torn;
  }

  async append(record: JournalRecord): Promise<boolean> {
    this.#lines.push(encodeJournalRecord(record));
    const settled = new AbortController();
    const late = this.#parts.clock.sleep(PATIENCE_MS, settled.signal).then(() => false);
    const written = await Promise.race([this.#nextSync(), late]);
    settled.abort();
    return written;
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#file.close();
  }

  /** The sync that covers what is in `#lines` now: the running one has taken its lines already. */
  #nextSync(): Promise<boolean> {
    const before = this.#writing ?? Promise.resolve(true);
    const sync = before.then(() => this.#flush());
    this.#writing = sync;
    return sync;
  }

  async #flush(): Promise<boolean> {
    const lines = this.#lines;
    if (lines.length === 0) return !this.#torn;
    this.#lines = [];
    try {
      await this.#file.appendFile(`${this.#torn ? "\n" : ""}${lines.join("\n")}\n`);
      await this.#file.datasync();
      this.#torn = false;
      return true;
    } catch (error) {
      // Part of it may be there: the next line starts on one of its own.
      this.#torn = true;
      this.#parts.log.error({ err: error, lines: lines.length }, "the journal could not be written");
      return false;
    }
  }
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  }
}

function readRecords(text: string, path: string, log: JournalSurroundings["log"]): JournalRecord[] {
  const records: JournalRecord[] = [];
  let skipped = 0;
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const record = decodeJournalRecord(line);
    if (record === undefined) skipped += 1;
    else records.push(record);
  }
  if (skipped > 0) log.error({ path, skipped }, "lines of the journal are torn or foreign: skipped");
  return records;
}

/** Beside the old one and then in its place, so that a crash leaves one of the two whole. */
async function rewrite(path: string, records: readonly JournalRecord[]): Promise<void> {
  const fresh = `${path}.new`;
  const file = await open(fresh, "w", 0o600);
  try {
    await file.appendFile(records.map((record) => `${encodeJournalRecord(record)}\n`).join(""));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(fresh, path);
}
