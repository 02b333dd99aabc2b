import { z } from "zod";
import { parseJson } from "../../contract/json-text.ts";
import {
  encodePanicCompletion,
  panicCompletionSchema,
  panicEventSchema,
  positionResultSchema,
} from "../../contract/panic.ts";

/**
 * What the worker writes down about its panics, one JSON object a line, in the order in which it happened.
 * Times are epoch ms; `_venue_ms` is the venue's clock, `_redis_ms` the Redis server's, every other the worker's.
 */
const eventId = z.string();
const instant = z.int().nonnegative();
const side = positionResultSchema.shape.position_side;

const legSchema = z.object({
  symbol: z.string(),
  position_side: side,
  /** Signed base units. */
  quantity: z.string(),
});
export type Leg = z.infer<typeof legSchema>;

/** In the form of its stream entry, so that one codec serves both. */
const completion = z.unknown().pipe(panicCompletionSchema);

/** By type: what is not asked for is not tried. */
const RECORDS = {
  accepted: z.object({
    type: z.literal("accepted"),
    at_ms: instant,
    event: panicEventSchema,
    via: z.enum(["stream", "socket", "http"]),
    /** The panic that was running by then; null: this one runs itself. */
    joins: eventId.nullable(),
  }),
  /** Redis has taken the halt; the halt file stood before the panic was accepted. */
  halt_confirmed: z.object({ type: z.literal("halt_confirmed"), event_id: eventId, at_ms: instant }),
  found: z.object({ type: z.literal("found"), event_id: eventId, legs: z.array(legSchema) }),
  /** Written before the order is sent. */
  signed: z.object({
    type: z.literal("signed"),
    event_id: eventId,
    symbol: z.string(),
    position_side: side,
    n: z.int().positive(),
    client_order_id: z.string(),
    quantity: z.string(),
    signed_venue_ms: instant,
    recv_window_ms: instant,
  }),
  /** What became of it; without this line its fate is not established. */
  settled: z.object({
    type: z.literal("settled"),
    event_id: eventId,
    client_order_id: z.string(),
    outcome: z.enum(["accepted", "rejected", "absent"]),
  }),
  completed: z.object({
    type: z.literal("completed"),
    event_id: eventId,
    /** The last one of this panic. */
    final: z.boolean(),
    completion,
  }),
  /** Redis has taken the completion of this status. */
  published: z.object({ type: z.literal("published"), event_id: eventId, final: z.boolean() }),
  /** Time 0: seen afterwards, and nobody wrote down when. */
  cleared: z.object({ type: z.literal("cleared"), at_redis_ms: instant, by: z.string(), why: z.string() }),
  /**
   * Entries of the panic stream before this time of Redis, and not after this entry, are older than the worker's
   * installation. Without an entry it is of an earlier version: the time alone decides.
   */
  installed: z.object({
    type: z.literal("installed"),
    before_redis_ms: instant,
    through: z
      .string()
      .regex(/^\d+-\d+$/)
      .optional(),
  }),
};
export type JournalRecord = z.output<(typeof RECORDS)[keyof typeof RECORDS]>;

const namedSchema = z.object({ type: z.string() });
const isType = (name: string): name is keyof typeof RECORDS => Object.hasOwn(RECORDS, name);

/** The record as a line of the journal, without its newline. */
export function encodeJournalRecord(record: JournalRecord): string {
  if (record.type !== "completed") return JSON.stringify(record);
  return JSON.stringify({ ...record, completion: encodePanicCompletion(record.completion) });
}

/** The record of a line; undefined for a torn or foreign one. */
export function decodeJournalRecord(line: string): JournalRecord | undefined {
  const record = parseJson(line);
  const named = namedSchema.safeParse(record);
  return named.success && isType(named.data.type)
    ? RECORDS[named.data.type].safeParse(record).data
    : undefined;
}
