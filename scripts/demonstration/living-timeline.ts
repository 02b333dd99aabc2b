/** A timeline that is printed while it happens, in the order of its times and not in that of being noticed. */
export interface LivingTimeline {
  /** Something happened at `atMs`, epoch ms; the same words count once, by their first time. */
  note(atMs: number, what: string): void;
  /** Prints what happened until then, epoch ms, and was not printed yet. */
  print(untilMs: number): void;
}

/** Times are printed as seconds since `zeroMs`, epoch ms. */
export function livingTimeline(zeroMs: number, print: (text: string) => void): LivingTimeline {
  const known = new Set<string>();
  let waiting: { readonly atMs: number; readonly what: string }[] = [];
  return {
    note(atMs, what) {
      if (known.has(what)) return;
      known.add(what);
      waiting.push({ atMs, what });
    },
    print(untilMs) {
      const due = waiting.filter(({ atMs }) => atMs <= untilMs).sort((one, other) => one.atMs - other.atMs);
      waiting = waiting.filter(({ atMs }) => atMs > untilMs);
      for (const { atMs, what } of due) {
        const afterSec = (atMs - zeroMs) / 1000;
        print(`  ${`${afterSec < 0 ? "" : "+"}${afterSec.toFixed(3)}`.padStart(8)} s  ${what}`);
      }
    },
  };
}
