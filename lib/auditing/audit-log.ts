import {
  closeSync,
  existsSync,
  fchmodSync,
  fdatasync,
  ftruncateSync,
  openSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { syncFolder } from "../daemon/sync-folder.ts";
import { auditDays, auditFileName, type UtcDay, utcDayOf } from "./audit-files.ts";
import { GENESIS, type LineHead, type RecordedEntry, readLine, sealLine } from "./audit-line.ts";
import { fileLines } from "./file-lines.ts";
import { createRecordedIds, type RecordedIds } from "./recorded-ids.ts";

const syncData = promisify(fdatasync);

/** The disk did not take the lines: nothing of the page counts as written. */
export class AuditWriteError extends Error {
  readonly code = "AUDIT_WRITE";
  readonly hint = "free space on the state folder's disk, or mend it; nothing is acknowledged meanwhile";
  constructor(path: string, cause: unknown) {
    super(`${path} was not written: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = "AuditWriteError";
  }
}

/**
 * The audit files of a folder, one a UTC day of arrival, as one chain.
 *
 * 1. `append` resolves after the lines are on the disk (fdatasync); then, and not before, may an entry be
 *    acknowledged.
 * 2. An entry has exactly one line, however often it is delivered and wherever the process was killed.
 * 3. A line is whole or not there: what a crash or a full disk left of one is cut off.
 */
export class AuditLog {
  readonly #folder: string;
  readonly #recorded: RecordedIds;
  readonly #nowMs: () => number;
  #head: LineHead;
  #file: { readonly day: UtcDay; readonly path: string; readonly fd: number; length: number } | undefined;
  /** Days only go forward, whatever the clock does: the chain's end is in the newest file. */
  #newest: UtcDay;
  /** A line that was half written could not be cut off: nothing is added before it is. */
  #torn = false;
  /** Appends one after the other: the chain has one end. */
  #last: Promise<unknown> = Promise.resolve();

  /** Reads the newest file to find the chain's end. Throws when the folder or the file cannot be read. */
  constructor(options: { readonly folder: string; readonly nowMs: () => number }) {
    this.#folder = options.folder;
    this.#nowMs = options.nowMs;
    const days = auditDays(options.folder);
    this.#newest = days.at(-1) ?? "";
    this.#head = lastHead(days.map((day) => join(options.folder, auditFileName(day)))) ?? GENESIS;
    this.#recorded = createRecordedIds(options.folder, days);
  }

  /** The end of the chain: to be compared with what another machine remembers. */
  get head(): LineHead {
    return this.#head;
  }

  /** Adds what is not there yet; resolves with how many lines. Rejects with AuditWriteError. */
  append(entries: readonly RecordedEntry[]): Promise<number> {
    const appended = this.#last.then(() => this.#append(entries));
    this.#last = appended.catch(() => undefined);
    return appended;
  }

  async #append(entries: readonly RecordedEntry[]): Promise<number> {
    const fresh = entries.filter((entry) => !this.#recorded.has(entry.stream, entry.id));
    if (fresh.length === 0) return 0;
    let head = this.#head;
    const lines = fresh.map((entry) => {
      const sealed = sealLine(head, entry);
      head = sealed.head;
      return sealed.text;
    });
    // Before the day can change: the half line is in the old file.
    if (this.#file !== undefined) this.#mend(this.#file);
    const file = this.#fileOf(utcDayOf(this.#nowMs()));
    const bytes = Buffer.from(lines.join(""));
    try {
      for (let written = 0; written < bytes.length; ) written += writeSync(file.fd, bytes, written);
      await syncData(file.fd);
    } catch (error) {
      this.#torn = true;
      this.#mend(file, error);
      throw new AuditWriteError(file.path, error);
    }
    file.length += bytes.length;
    this.#head = head;
    for (const entry of fresh) this.#recorded.add(file.day, entry.stream, entry.id);
    return fresh.length;
  }

  /** Cuts off what a failed write left behind the last whole line. Throws AuditWriteError when it stays. */
  #mend(
    file: { readonly path: string; readonly fd: number; readonly length: number },
    cause?: unknown,
  ): void {
    if (!this.#torn) return;
    try {
      ftruncateSync(file.fd, file.length);
      this.#torn = false;
    } catch (error) {
      throw new AuditWriteError(file.path, cause ?? error);
    }
  }

  #fileOf(today: UtcDay) {
    const day = today > this.#newest ? today : this.#newest;
    if (this.#file?.day === day) return this.#file;
    const path = join(this.#folder, auditFileName(day));
    try {
      const isNew = !existsSync(path);
      const fd = openSync(path, "a", 0o640);
      if (isNew) {
        // Whatever the umask: a group of readers is meant to read.
        fchmodSync(fd, 0o640);
        syncFolder(this.#folder);
      }
      if (this.#file !== undefined) closeSync(this.#file.fd);
      this.#newest = day;
      this.#file = { day, path, fd, length: Bun.file(path).size };
      return this.#file;
    } catch (error) {
      throw new AuditWriteError(path, error);
    }
  }
}

/** Of the newest file that has a readable line. Only the newest file's torn end is cut off: in an older one it is evidence. */
function lastHead(paths: readonly string[]): LineHead | undefined {
  for (const [at, path] of [...paths].reverse().entries()) {
    const head = readTail(path, at === 0);
    if (head !== undefined) return head;
  }
  return undefined;
}

/** The head of the last line that reads. */
function readTail(path: string, mend: boolean): LineHead | undefined {
  let head: LineHead | undefined;
  let end = 0;
  for (const line of fileLines(path)) {
    if (!line.complete) {
      if (mend) truncateSync(path, end);
      break;
    }
    end = line.end;
    const read = readLine(line.bytes);
    if (read.kind === "line") head = read.head;
  }
  return head;
}
