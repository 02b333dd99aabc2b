/** What the run promises; the numbers are those of the documentation. */
export const INVARIANTS = {
  1: "at most one executed order an intent, one result a consumed intent, moves by the owner alone",
  2: "no entry is sent past a kill switch, halt or safe mode",
  3: "no exit is denied or waits for an entry, none enlarges a position",
  4: "no intent is lost, trimmed unread or executed beyond its age",
  5: "no window and no day holds more than its limit",
  6: "a failed exit brain with positions ends flat or in an alarm, with one panic",
  7: "when faults stop, queues drain and roles get ready",
  8: "no process dies of itself",
  9: "a key that is to expire has its lifetime",
} as const;

export type InvariantNumber = keyof typeof INVARIANTS;

export interface Finding {
  readonly invariant: InvariantNumber;
  readonly what: string;
  readonly step: number;
  readonly atMs: number;
}

/** Where watchers tell what they found; the run ends at the first. */
export class Findings {
  readonly #now: () => { readonly step: number; readonly atMs: number };
  readonly all: Finding[] = [];

  constructor(now: () => { readonly step: number; readonly atMs: number }) {
    this.#now = now;
  }

  report(invariant: InvariantNumber, what: string): void {
    this.all.push({ invariant, what, ...this.#now() });
  }
}
