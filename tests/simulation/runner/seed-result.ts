import { z } from "zod";

const findingSchema = z.object({
  invariant: z.number().int(),
  what: z.string(),
  step: z.number().int(),
  atMs: z.number(),
});

const resultSchema = z.object({
  seed: z.number().int(),
  steps: z.number().int(),
  virtualMs: z.number(),
  hash: z.string(),
  executedOrders: z.number().int(),
  intents: z.number().int(),
  panics: z.number().int(),
  exitsJudged: z.number().int(),
  finding: findingSchema.optional(),
  lines: z.array(z.string()),
});

/** What became of one seed, as a worker tells it. */
export type SeedResult = z.infer<typeof resultSchema>;

/** One line. */
export function encodeResult(result: SeedResult): string {
  return JSON.stringify(result);
}

/** Throws on anything else. */
export function decodeResult(line: string): SeedResult {
  return resultSchema.parse(JSON.parse(line));
}
