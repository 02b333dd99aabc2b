import { seededRandom } from "../../../scripts/stack/seeded-random.ts";

/** Seeded choices. Each use of the run draws from a source of its own, so that one more draw here moves nothing there. */
export interface Chance {
  /** Uniform in [0, 1). */
  next(): number;
  /** True with this probability. */
  hit(probability: number): boolean;
  /** Uniform, whole, both ends included. */
  between(least: number, most: number): number;
  pick<const List extends readonly [unknown, ...unknown[]]>(list: List): List[number];
  /** A source that depends on this one's seed and the name alone. */
  branch(name: string): Chance;
}

/** The source of a seed and a name. */
export function chanceOf(seed: number, name: string): Chance {
  const next = seededRandom(Number(Bun.hash.wyhash(name, BigInt(seed)) & 0xffff_ffffn));
  return {
    next,
    hit: (probability) => next() < probability,
    between: (least, most) => least + Math.floor(next() * (most - least + 1)),
    pick: (list) => list[Math.floor(next() * list.length)] ?? list[0],
    branch: (more) => chanceOf(seed, `${name}/${more}`),
  };
}
