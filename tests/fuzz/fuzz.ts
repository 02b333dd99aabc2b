import { test } from "bun:test";
import fc from "fast-check";

/** Set by `bun run fuzz`; in the suite the runs are few and the bound lies far beyond what a busy machine does. */
const RUNS = Number(Bun.env["FUZZ_RUNS"] ?? 150);
const SEED = Bun.env["FUZZ_SEED"] === undefined ? undefined : Number(Bun.env["FUZZ_SEED"]);
const REPLY_MS_MAX = Number(Bun.env["FUZZ_REPLY_MS_MAX"] ?? 2000);
/** Of one target, ms; what is not done by then is not done. */
const TARGET_MS_MAX = Number(Bun.env["FUZZ_TARGET_MS_MAX"] ?? 60_000);
const TRIES = 5;

interface Target<Input> {
  readonly input: fc.Arbitrary<Input>;
  /** Throws where an input does what it must not. */
  readonly check: (input: Input) => void | Promise<void>;
  /** Inputs that once did: tried first, every time. */
  readonly once?: readonly Input[];
  /** Of the runs; below 1 where one is expensive. */
  readonly share?: number;
}

/**
 * A test that throws random inputs at something. A failure prints seed, path and the smallest input that fails. One
 * input may not take longer than the bound in every one of a few tries: a collection of garbage is no slow input.
 */
export function fuzz<Input>(title: string, { input, check, once = [], share = 1 }: Target<Input>): void {
  const timely = async (one: Input) => {
    let fastestMs = Number.POSITIVE_INFINITY;
    for (let tried = 0; tried < TRIES && fastestMs > REPLY_MS_MAX; tried += 1) {
      const beganMs = performance.now();
      const checked = check(one);
      if (checked instanceof Promise) await checked;
      fastestMs = Math.min(fastestMs, performance.now() - beganMs);
    }
    if (fastestMs > REPLY_MS_MAX)
      throw new Error(`takes ${fastestMs.toFixed(0)} ms, at most ${REPLY_MS_MAX}`);
  };
  test(
    title,
    async () => {
      await fc.assert(fc.asyncProperty(input, timely), {
        numRuns: Math.max(20, Math.round(RUNS * share)),
        ...(SEED === undefined ? {} : { seed: SEED }),
        examples: once.map((one): [Input] => [one]),
        interruptAfterTimeLimit: TARGET_MS_MAX,
      });
    },
    TARGET_MS_MAX * 2,
  );
}

/** Throws unless it holds: what a fuzz target says about its input. */
export function must(holds: boolean, rule: string, seen?: unknown): asserts holds {
  if (!holds) throw new Error(`${rule}: ${Bun.inspect(seen).slice(0, 500)}`);
}
