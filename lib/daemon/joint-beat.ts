/**
 * One beat out of several loops: it is passed on only when every one of them has made progress since the
 * last, so that a loop that hangs is not hidden by another that runs.
 */
export function jointBeat<const Loops extends readonly string[]>(
  loops: Loops,
  beat: () => void,
): Readonly<Record<Loops[number], () => void>> {
  const silent = new Set<string>(loops);
  const progressOf = (loop: string) => () => {
    silent.delete(loop);
    if (silent.size > 0) return;
    for (const one of loops) silent.add(one);
    beat();
  };
  const entries = loops.map((loop: Loops[number]) => [loop, progressOf(loop)] as const);
  return Object.fromEntries(entries) as Record<Loops[number], () => void>;
}
