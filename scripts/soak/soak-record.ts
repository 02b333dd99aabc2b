import { z } from "zod";

const pointSchema = z.strictObject({ minute: z.number(), value: z.number(), life: z.int() });

/** Everything that a run has measured: what it is judged, told and plotted from, also later. */
export const soakRecordSchema = z.strictObject({
  /** When it began, ISO. */
  began: z.string(),
  machine: z.array(z.tuple([z.string(), z.string()])),
  /** How long it has run, which is less than was asked for when it was interrupted. */
  minutes: z.number().positive(),
  seed: z.int(),
  /** Decisions a second. */
  rate: z.number(),
  /** Whether processes were asked to collect their garbage. */
  collected: z.boolean(),
  proof: z.strictObject({
    /** What passed through, for the reader. */
    figures: z.record(z.string(), z.number()),
    /** What does not add up, in plain words; empty is the proof. */
    problems: z.array(z.string()),
  }),
  series: z.array(z.strictObject({ subject: z.string(), measure: z.string(), points: z.array(pointSchema) })),
  faults: z.array(z.strictObject({ minute: z.number(), fault: z.string(), detail: z.string() })),
});
export type SoakRecord = z.infer<typeof soakRecordSchema>;
