import type { Context } from "hono";
import type { z } from "zod";

/** A request that is answered with `{error: {code, message, hint}}`; thrown by a route, never logged as a fault. */
export class AdminError extends Error {
  readonly status: 400 | 401 | 403 | 404 | 405 | 409 | 413 | 415 | 422 | 500 | 503;
  readonly code: string;
  readonly hint: string;
  constructor(status: AdminError["status"], code: string, message: string, hint = "") {
    super(message);
    this.name = "AdminError";
    this.status = status;
    this.code = code;
    this.hint = hint;
  }
}

/** The request's JSON body, checked. Throws AdminError 400 that names the field. */
export async function jsonBody<Schema extends z.ZodType>(
  context: Context,
  schema: Schema,
): Promise<z.output<Schema>> {
  let body: unknown;
  try {
    body = await context.req.json();
  } catch {
    throw new AdminError(400, "NOT_JSON", "the body is not JSON");
  }
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new AdminError(400, "BAD_BODY", `${issue?.path.join(".") || "body"}: ${issue?.message ?? "invalid"}`);
}

/** The query's `count`: 20 unless given, 1000 at most. Throws AdminError 400 for any other query, and for no count. */
export function countQuery(context: Context): number {
  const given = Object.entries(context.req.queries());
  const counted = given.every(([name, [text = "", ...more]]) => {
    return name === "count" && more.length === 0 && /^\d{1,4}$/.test(text) && Number(text) > 0;
  });
  if (!counted)
    throw new AdminError(
      400,
      "BAD_QUERY",
      "the query is not a count",
      "Send nothing else than ?count=<whole number from 1>.",
    );
  return Math.min(Number(context.req.query("count") ?? "20"), 1000);
}

/** Who asks for a mutation; the admin server refuses one that does not say. */
export function operatorOf(context: Context): string {
  return context.req.header("X-Operator") ?? "";
}

/**
 * What a mutation changed, for the audit stream: call it in every mutating route. Without it the audit entry
 * says that the route was called, but not what it did.
 */
export function recordChange(
  context: Context,
  change: { readonly what?: string; readonly before: string; readonly after: string },
): void {
  context.set("change", change);
}
