import { Hono } from "hono";
import { type ExecutionResult, executionResultSchema } from "../contract/execution-result.ts";
import { parseJson } from "../contract/json-text.ts";
import type { Keys } from "../contract/keys.ts";
import { countQuery } from "../daemon/admin-request.ts";
import type { FunctionCaller } from "../kernel/function-call.ts";
import { readLedgerOrder } from "../kernel/order-ledger.ts";

export interface ExecutionRouteParts {
  readonly redis: Pick<FunctionCaller, "command" | "serverNowMs">;
  readonly keys: Keys;
  readonly resultStream: string;
}

/** The execution's endpoints under /v1: they only read. */
export function executionRoutes(parts: ExecutionRouteParts): Hono {
  const app = new Hono();
  app.get("/stats", async (context) => context.json(await readStats(parts)));
  app.get("/results", async (context) =>
    context.json({ results: await readResults(parts, countQuery(context)) }),
  );
  app.get("/orders/in-doubt", async (context) => context.json({ orders: await readOpenOrders(parts) }));
  return app;
}

async function readStats({ redis, keys }: ExecutionRouteParts): Promise<Record<string, number>> {
  const reply = await redis.command(["HGETALL", `${keys.statsPrefix}execution`]);
  const flat = Array.isArray(reply) ? reply.map(String) : [];
  return Object.fromEntries(flat.flatMap((name, at) => (at % 2 === 0 ? [[name, Number(flat[at + 1])]] : [])));
}

async function readResults(parts: ExecutionRouteParts, count: number): Promise<readonly ExecutionResult[]> {
  const reply = await parts.redis.command([
    "XREVRANGE",
    parts.resultStream,
    "+",
    "-",
    "COUNT",
    String(count),
  ]);
  return (Array.isArray(reply) ? reply : []).flatMap((entry) => {
    const fields = Array.isArray(entry) && Array.isArray(entry[1]) ? entry[1].map(String) : [];
    const payload = fields[fields.indexOf("payload") + 1] ?? "";
    const result = executionResultSchema.safeParse(parseJson(payload));
    return result.success ? [result.data] : [];
  });
}

/** Orders that have been sent, or were about to be, and are not settled; oldest first. */
async function readOpenOrders({ redis, keys }: ExecutionRouteParts) {
  const reply = await redis.command(["ZRANGE", keys.openOrders, "0", "999", "WITHSCORES"]);
  const flat = Array.isArray(reply) ? reply.map(String) : [];
  const nowMs = redis.serverNowMs();
  const listed = flat.flatMap((intentId, at) =>
    at % 2 === 0 ? [{ intentId, sinceMs: Number(flat[at + 1]) }] : [],
  );
  return Promise.all(
    listed.map(async ({ intentId, sinceMs }) => {
      const order = await readLedgerOrder(redis, keys, intentId);
      return {
        intent_id: intentId,
        state: order?.state ?? "ABSENT",
        client_order_id: order?.clientOrderId ?? "",
        attempt: order?.attempt ?? 0,
        age_ms: nowMs - sinceMs,
      };
    }),
  );
}
