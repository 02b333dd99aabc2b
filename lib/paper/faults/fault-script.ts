import { z } from "zod";

const milliseconds = z.number().int().min(0).max(600_000);
const httpStatus = z.number().int().min(400).max(599);
const executed = z
  .boolean()
  .default(false)
  .describe("true: the venue acts on the request, only its answer is replaced.");

/** What a rule does to a request it fires on. */
export const faultEffectSchema = z.discriminatedUnion("kind", [
  z
    .strictObject({
      kind: z.literal("latency"),
      ms: milliseconds,
      jitterMs: milliseconds.default(0),
      when: z.enum(["before", "after"]).default("before"),
    })
    .describe("Slow: before execution, or after it. Goes together with any other effect."),
  z
    .strictObject({ kind: z.literal("lost_request") })
    .describe("The connection drops; the venue never saw it."),
  z
    .strictObject({ kind: z.literal("lost_reply") })
    .describe("The venue acts on it, then the connection drops."),
  z
    .strictObject({ kind: z.literal("http"), status: httpStatus, body: z.string().default(""), executed })
    .describe("A bare HTTP error, as gateways give: 408, 500, 502, 504, …"),
  z
    .strictObject({ kind: z.literal("unavailable"), text: z.enum(["unknown", "unavailable"]), executed })
    .describe("503 with one of the venue's two texts: fate unknown, or not executed."),
  z
    .strictObject({
      kind: z.literal("error"),
      code: z.number().int().negative(),
      msg: z.string().optional(),
      status: httpStatus.optional(),
      executed,
    })
    .describe("Any venue error code: -1000, -1006, -1007, -1008, -1016, -1021, -2015, -4164, …"),
  z
    .strictObject({
      kind: z.literal("limited"),
      status: z.union([z.literal(429), z.literal(418)]),
      retryAfterSec: z.number().int().min(0).max(259_200),
      code: z.union([z.literal(-1003), z.literal(-1015)]).default(-1003),
    })
    .describe("Rate limited, with Retry-After; never executed."),
  z
    .strictObject({
      kind: z.literal("garbage"),
      status: z.number().int().min(200).max(599).default(200),
      body: z.string().default("<html><body>upstream connect error</body></html>"),
      executed,
    })
    .describe("A body that is not the venue's JSON."),
  z
    .strictObject({ kind: z.literal("partial_fill"), fraction: z.number().min(0).max(1) })
    .describe(
      "The market gives a taker only this part; the rest expires or rests. Goes with any other effect.",
    ),
  z
    .strictObject({ kind: z.literal("clock_skew"), ms: z.number().int().min(-3_600_000).max(3_600_000) })
    .describe("The venue's clock is ahead by this, for timestamps and /time. Goes with any other effect."),
  z
    .strictObject({
      kind: z.literal("delayed_execution"),
      ms: milliseconds,
      reply: z.enum(["drop", "timeout", "unknown_503"]).default("drop"),
    })
    .describe("Answered at once as given, executed later, unless recvWindow is over by then (-1021)."),
]);
export type FaultEffect = z.infer<typeof faultEffectSchema>;

/** Which requests a rule looks at; what is not said matches everything. */
const faultMatchSchema = z.strictObject({
  method: z.enum(["GET", "POST", "PUT", "DELETE"]).optional(),
  path: z
    .string()
    .startsWith("/")
    .optional()
    .describe("Exact path, or a prefix that ends with *: /fapi/v1/order, /fapi/*."),
  symbol: z.string().optional(),
  params: z
    .record(z.string(), z.string())
    .optional()
    .describe("Request parameters with exactly these values."),
});

/** One rule: which requests, which of those, and what befalls them. */
export const faultRuleSchema = z.strictObject({
  name: z.string().max(80).optional(),
  match: faultMatchSchema.default({}),
  after: z.number().int().min(0).default(0).describe("Lets this many matching requests pass first."),
  count: z.number().int().min(1).optional().describe("Fires at most so often; without it, for ever."),
  probability: z.number().min(0).max(1).default(1),
  effect: faultEffectSchema,
});
export type FaultRule = z.infer<typeof faultRuleSchema>;

/** A fault script: the same script and requests give the same faults. */
export const faultScriptSchema = z.strictObject({
  seed: z.string().default("faults").describe("Of the probabilities and the jitter."),
  rules: z.array(faultRuleSchema).max(200),
});
export type FaultScript = z.infer<typeof faultScriptSchema>;
