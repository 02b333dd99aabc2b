import type { z } from "zod";
import { classifyOutcome } from "./classify-outcome.ts";
import type { Reading } from "./exchange.ts";
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
  if (!reply.ok) return reply;
  const parsed = schema.safeParse(reply.json);
  if (parsed.success) return { ok: true, value: parsed.data };
  const issue = parsed.error.issues[0];
  const where = issue?.path.join(".") || "the reply";
  return { ok: false, outcome: misfit(request, `${where}: ${issue?.message ?? "does not fit"}`) };
}
