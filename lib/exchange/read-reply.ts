import { z } from "zod";
import { classifyOutcome } from "./classify-outcome.ts";
import type { ListReading, Reading } from "./exchange.ts";
import type { Outcome } from "./outcome-classes.ts";
import type { VenueReply, VenueRequest } from "./venue-transport.ts";

/** A 2xx answer that is not what was asked for: UNRECOGNISED, so an order in it stays in doubt. */
export function misfit(request: Pick<VenueRequest, "method" | "path">, what: string): Outcome {
  const body = `${request.path}: ${what}`;
  const answer = { kind: "reply", status: 200, body, retryAfter: null } as const;
  return classifyOutcome({ method: request.method, answer, nowMs: 0 });
}

/** The reply as its schema has it, or why not. */
export function readReply<Output>(
  request: Pick<VenueRequest, "method" | "path">,
  reply: VenueReply,
  schema: z.ZodType<Output>,
): Reading<Output> {
  return reply.ok ? fit(request, reply.json, schema) : reply;
}

const listSchema = z.array(z.unknown());

/** The rows of a reply, each by itself: one that does not fit fails the reading, and takes nothing from the others. */
export function readRows<Row>(
  request: Pick<VenueRequest, "method" | "path">,
  reply: VenueReply,
  schema: z.ZodType<Row>,
): ListReading<Row> {
  const list = readReply(request, reply, listSchema);
  if (!list.ok) return list;
  const sound: Row[] = [];
  let odd: Outcome | undefined;
  for (const json of list.value) {
    const row = fit(request, json, schema);
    if (row.ok) sound.push(row.value);
    else odd ??= row.outcome;
  }
  return odd === undefined ? { ok: true, value: sound } : { ok: false, outcome: odd, sound };
}

function fit<Output>(
  request: Pick<VenueRequest, "method" | "path">,
  json: unknown,
  schema: z.ZodType<Output>,
): Reading<Output> {
  const parsed = schema.safeParse(json);
  if (parsed.success) return { ok: true, value: parsed.data };
  const issue = parsed.error.issues[0];
  const where = issue?.path.join(".") || "the reply";
  return { ok: false, outcome: misfit(request, `${where}: ${issue?.message ?? "does not fit"}`) };
}
