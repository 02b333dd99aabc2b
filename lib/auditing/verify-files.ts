import { GENESIS, type LineHead, readLine } from "./audit-line.ts";
import { fileLines } from "./file-lines.ts";

/** A file's place in the chain; the lines are numbered from 1 in each file. */
export interface AuditProblem {
  readonly file: string;
  readonly line: number;
  readonly problem: string;
}

export interface Verification {
  readonly lines: number;
  /** Of the first line that was read; undefined without any. */
  readonly firstSeq: number | undefined;
  /** To be compared with what Redis or another machine remembers: a chain cannot say that its end is missing. */
  readonly head: LineHead | undefined;
  readonly problems: readonly AuditProblem[];
}

/** More than these say nothing new. */
const PROBLEMS_MAX = 100;

/**
 * Walks the files, oldest first, as one chain. Every edited, missing, additional or moved line is a problem,
 * and so is a cut at the end of any file but the last. A chain that begins with a number above 1 is taken at
 * its word: older files may lie elsewhere. `remembered` is a head that was kept elsewhere: a chain that does not
 * hold that very line lost its end, or was written anew. Throws when a file cannot be read.
 */
export function verifyFiles(files: readonly string[], remembered?: LineHead): Verification {
  const walk = new ChainWalk(remembered);
  for (const file of files) {
    let line = 0;
    for (const { bytes, complete } of fileLines(file)) {
      line += 1;
      walk.step({ file, line }, bytes, complete);
    }
  }
  return walk.result();
}

class ChainWalk {
  readonly #problems: AuditProblem[] = [];
  readonly #remembered: LineHead | undefined;
  #rememberedIsThere = false;
  #place: { readonly file: string; readonly line: number } = { file: "", line: 0 };
  #lines = 0;
  #firstSeq: number | undefined;
  #head: LineHead | undefined;
  /** After an unreadable line the next may go on from it, with a hash that nobody can know. */
  #unreadable = 0;

  constructor(remembered: LineHead | undefined) {
    this.#remembered = remembered;
  }

  step(place: { readonly file: string; readonly line: number }, bytes: Buffer, complete: boolean): void {
    this.#place = place;
    this.#lines += 1;
    const read = readLine(bytes);
    if (read.kind === "unreadable") {
      this.#report(place, complete ? read.problem : "ends in the middle");
      this.#unreadable += 1;
      return;
    }
    if (!complete) this.#report(place, "has no end of line");
    const problem = this.#breakBefore(read.prev, read.head.seq);
    if (problem !== undefined) this.#report(place, problem);
    this.#firstSeq ??= read.head.seq;
    this.#head = read.head;
    this.#rememberedIsThere ||= isSame(read.head, this.#remembered);
    this.#unreadable = 0;
  }

  result(): Verification {
    const astray = this.#astray();
    if (astray !== undefined) this.#report(this.#place, astray);
    return {
      lines: this.#lines,
      firstSeq: this.#firstSeq,
      head: this.#head,
      problems: this.#problems,
    };
  }

  /** Why the remembered line is not in the chain. */
  #astray(): string | undefined {
    const remembered = this.#remembered;
    if (remembered === undefined || remembered.seq === 0 || this.#rememberedIsThere) return undefined;
    const last = this.#head?.seq ?? 0;
    if (remembered.seq > last) return `is the last: ${missing(last + 1, remembered.seq + 1)}`;
    if (remembered.seq < (this.#firstSeq ?? 1))
      return `is read, but number ${remembered.seq} lies in older files`;
    return `is read, but number ${remembered.seq} is another than the one remembered`;
  }

  /** Why a line does not follow on the one before. */
  #breakBefore(prev: string, seq: number): string | undefined {
    const before = this.#head ?? (seq === 1 ? GENESIS : undefined);
    if (before === undefined || (seq === before.seq + 1 && prev === before.hash)) return undefined;
    const due = before.seq + 1;
    if (seq > due + this.#unreadable) return `is number ${seq}: ${missing(due + this.#unreadable, seq)}`;
    if (seq < due) return `is number ${seq}, after number ${before.seq}: moved, or there twice`;
    if (this.#unreadable > 0) return undefined;
    return `does not follow number ${before.seq}: one of the two is not what was written`;
  }

  #report(place: { readonly file: string; readonly line: number }, problem: string): void {
    if (this.#problems.length < PROBLEMS_MAX) this.#problems.push({ ...place, problem });
  }
}

function isSame(one: LineHead, other: LineHead | undefined): boolean {
  return one.seq === other?.seq && one.hash === other.hash;
}

function missing(from: number, to: number): string {
  return to - from === 1 ? `number ${from} is missing` : `numbers ${from} to ${to - 1} are missing`;
}
