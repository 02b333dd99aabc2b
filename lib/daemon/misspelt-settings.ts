import type { ConfigurationFault } from "./configuration-fault.ts";
import { KNOWN_SETTINGS } from "./known-settings.ts";

/** Prefixes that nobody else uses: an unknown name with one of them is a mistake for certain. */
const OWN_PREFIXES = ["SAFETY_", "GOVERNOR_", "INTENT_", "FRICTION_", "EXECUTION_RESULT_"] as const;
/** Shorter names are near to too many others. */
const NAME_LENGTH_MIN = 8;
const DISTANCE_MAX = 2;
/** A suggestion that is farther off would only confuse. */
const SUGGESTION_MAX = 5;

/**
 * Variables that look like ours and are not: a misspelt limit must not silently become the default one.
 * Outside our own prefixes a name counts only when it is near to a setting that is itself not set.
 */
export function misspeltSettings(
  names: readonly string[],
  declared: readonly string[],
): readonly ConfigurationFault[] {
  const known = new Set<string>([...KNOWN_SETTINGS, ...declared]);
  const set = new Set(names);
  return names
    .filter((name) => !known.has(name))
    .flatMap((name) => {
      const own = OWN_PREFIXES.some((prefix) => name.startsWith(prefix));
      if (!own && name.length < NAME_LENGTH_MIN) return [];
      // A name of another length cannot be near; measuring them all takes longer than the rest of a start.
      const rivals = [...known].filter(
        (candidate) => !set.has(candidate) && Math.abs(candidate.length - name.length) <= DISTANCE_MAX,
      );
      const nearest = own
        ? nearestName(name, known, SUGGESTION_MAX)
        : nearestName(name, rivals, DISTANCE_MAX);
      const near = name.length >= NAME_LENGTH_MIN && nearest.distance <= DISTANCE_MAX;
      if (!own && !near) return [];
      const suggestion = nearest.distance <= SUGGESTION_MAX ? `; did you mean ${nearest.name}?` : "";
      return [{ name, problem: `there is no such setting${suggestion}` }];
    });
}

/** The nearest candidate; one that is farther off than `limit` counts as infinitely far. */
function nearestName(
  name: string,
  candidates: Iterable<string>,
  limit: number,
): { name: string; distance: number } {
  let nearest = { name: "", distance: Number.POSITIVE_INFINITY };
  for (const candidate of candidates) {
    // A name that was cut short means the long one, however much is missing.
    const distance = candidate.startsWith(name) ? DISTANCE_MAX + 0.5 : editDistance(name, candidate, limit);
    if (distance < nearest.distance) nearest = { name: candidate, distance };
  }
  return nearest;
}

/** Levenshtein with a swap of neighbours as one edit, row by row; infinite as soon as it is over the limit. */
function editDistance(left: string, right: string, limit: number): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, at) => at);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[row - 1] === right[column - 1];
      let cost = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      );
      const swapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (swapped) cost = Math.min(cost, (beforeLast[column - 2] ?? 0) + 1);
      current.push(cost);
    }
    // A swap reaches back two rows: only when both are over the limit nothing can come back under it.
    if (Math.min(...current) > limit && Math.min(...last) > limit) return Number.POSITIVE_INFINITY;
    beforeLast = last;
    last = current;
  }
  return last[right.length] ?? 0;
}
