/**
 * The worker's own memory on disk: it survives the death of Redis and of the worker.
 *
 * 1. `append` resolves once the line is on disk (fdatasync); what is appended meanwhile shares one sync.
 * 2. It never rejects and never takes longer than PATIENCE_MS: closing a position does not wait for a disk
 *    that hangs or is full. It says so by resolving to false.
 * 3. A line that a crash tore is skipped at the next start and harms none after it.
 */
import {
  appendFile,
  close,
  closeSync,
  fdatasync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { syncFolder } from "../../daemon/sync-folder.ts";
import { within } from "../../daemon/within.ts";
import { decodeJournalRecord, encodeJournalRecord, type JournalRecord } from "./journal-record.ts";

const appendTo = promisify(appendFile);
const syncData = promisify(fdatasync);
const closeFile = promisify(close);

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

/**
 * Reads the journal and opens it for more; in one go, because a start waits for it and threads that are cold cost
 * more than the reading. Throws when the file cannot be read or written.
 */
export function openPanicJournal(path: string, parts: JournalSurroundings): PanicJournal {
  const text = textOf(path);
  let records = readRecords(text, path, parts.log);
  if (text.length > COMPACT_ABOVE_BYTES) {
    records = [...parts.compact(records)];
    rewrite(path, records);
  }
  const file = openSync(path, "a", 0o600);
  syncFolder(dirname(path));
  return new AppendingJournal(file, records, { ...parts, torn: text !== "" && !text.endsWith("\n") });
}

class AppendingJournal implements PanicJournal {
  readonly records: readonly JournalRecord[];
  readonly #file: number;
  readonly #parts: JournalSurroundings;
  #torn: boolean;
  #lines: string[] = [];
  #writing: Promise<boolean> | undefined;

  constructor(
    file: number,
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
    return (await within(this.#parts.clock, PATIENCE_MS, this.#nextSync())) ?? false;
  }

  async close(): Promise<void> {
    await this.#writing;
    await closeFile(this.#file);
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
      await appendTo(this.#file, `${this.#torn ? "\n" : ""}${lines.join("\n")}\n`);
      await syncData(this.#file);
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

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
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
function rewrite(path: string, records: readonly JournalRecord[]): void {
  const fresh = `${path}.new`;
  const file = openSync(fresh, "w", 0o600);
  try {
    writeFileSync(file, records.map((record) => `${encodeJournalRecord(record)}\n`).join(""));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(fresh, path);
}
