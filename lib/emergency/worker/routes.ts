import { Hono } from "hono";
import { z } from "zod";
import { AdminError, jsonBody, operatorOf, recordChange } from "../../daemon/admin-request.ts";
import { isRedisTrouble, RedisReplyError } from "../../redis/redis-errors.ts";
import type { HaltMarker } from "../halt-marker.ts";
import { HALT_CLEARED } from "./audit-trail.ts";
import { callPanic, type PanicCallParts } from "./call-panic.ts";
import type { PanicBook } from "./panic-book.ts";
import type { PanicExecutor } from "./panic-executor.ts";
import { isOver, type PanicStanding } from "./panic-memory.ts";
import type { HaltClearing, PanicStore } from "./panic-store.ts";

export interface WorkerRouteParts extends PanicCallParts {
  readonly executor: Pick<PanicExecutor, "accept" | "running" | "abandon" | "haltAgain">;
  readonly store: Pick<PanicStore, "isCleared" | "processed" | "refuse" | "tradingState" | "clear">;
  readonly book: PanicBook;
  readonly marker: HaltMarker;
  readonly instance: string;
}

const clearBody = z.strictObject({
  /** Why trading may go on: it stands in the audit stream. */
  why: z.string().min(1).max(200),
  /** Also while the last panic is not flat: its run ends where it is. */
  force: z.boolean().default(false),
});

/** The worker's endpoints under /v1. */
export function workerRoutes(parts: WorkerRouteParts): Hono {
  const app = new Hono();
  app.post("/panic", async (context) => {
    const reply = await callPanic(parts, context, "http");
    recordChange(context, { what: "panic", before: "", after: JSON.stringify(reply.body) });
    return context.json(reply.body, reply.status);
  });
  app.get("/panic/:event_id", async (context) => {
    const eventId = context.req.param("event_id");
    const standing = parts.book.memory.panics.get(eventId);
    if (standing !== undefined) return context.json(panicView(standing));
    const processed = await parts.store.processed(eventId).catch(() => undefined);
    if (processed === undefined)
      throw new AdminError(404, "NO_SUCH_PANIC", "this worker knows no such panic");
    return context.json({ event_id: eventId, ...processed });
  });
  app.get("/halt", async (context) => context.json(await haltView(parts)));
  app.delete("/halt", async (context) => {
    const body = await jsonBody(context, clearBody);
    const cleared = await clearHalt(parts, { ...body, who: operatorOf(context) });
    recordChange(
      context,
      cleared
        ? { what: HALT_CLEARED, before: "halted", after: "not halted" }
        : { what: "nothing to clear", before: "not halted", after: "not halted" },
    );
    return context.json(await haltView(parts));
  });
  return app;
}

function panicView(standing: PanicStanding) {
  const latest = standing.completions.at(-1);
  return {
    event_id: standing.event.event_id,
    state: isOver(standing) ? "DONE" : "STARTED",
    joins: standing.joins,
    via: standing.via,
    event: standing.event,
    accepted_ms: standing.acceptedMs,
    halt_in_redis: standing.haltConfirmed,
    completion: latest?.completion ?? null,
    published: latest?.published ?? false,
    positions: [...standing.legs.values()].map(({ symbol, positionSide, quantity, orders }) => ({
      ...{ symbol, position_side: positionSide, quantity },
      orders: orders.map(({ clientOrderId, quantity: of, outcome }) => ({
        ...{ client_order_id: clientOrderId, quantity: of, outcome },
      })),
    })),
  };
}

async function haltView({ store, marker, book, executor }: WorkerRouteParts) {
  const file = marker.standing();
  const redis = await store.tradingState().catch((error: unknown) => ({
    unreadable: error instanceof Error ? error.message : String(error),
  }));
  const inRedis = "unreadable" in redis || redis["halted"] === "true";
  return {
    /** Whether an entry would be denied. */
    halted: file !== "absent" || inRedis,
    file,
    redis,
    journal: book.memory.halted,
    running: executor.running()?.event.event_id ?? null,
  };
}

/**
 * Redis first: a halt that is gone there and stands in the file is repaired by the watch, not the other way. false:
 * there was none to clear.
 */
async function clearHalt(
  parts: WorkerRouteParts,
  by: { readonly who: string; readonly why: string; readonly force: boolean },
): Promise<boolean> {
  const { executor, book, marker } = parts;
  const running = executor.running();
  if (running !== undefined && !by.force) {
    const words = `panic ${running.event.event_id} is not flat yet`;
    throw new AdminError(409, "PANIC_NOT_FLAT", words, 'Wait for its completion, or send "force": true.');
  }
  const known = book.memory.panics.size;
  const before = await haltView(parts);
  const stands = before.halted || before.journal || running !== undefined;
  const at_redis_ms = await clearInRedis(parts, { ...by, stands });
  if (at_redis_ms === "nothing") return false;
  if (at_redis_ms === "unanswered") {
    throw new AdminError(
      409,
      "PANIC_UNANSWERED",
      "a panic was called that the worker has not answered yet",
      'Wait for its completion, or send "force": true.',
    );
  }
  if (book.memory.panics.size > known) {
    // The clearing may have undone its halt: it is written again.
    executor.haltAgain();
    throw new AdminError(
      409,
      "PANIC_MEANWHILE",
      "a panic came in while the halt was being cleared",
      "Look at it first.",
    );
  }
  if (running !== undefined) executor.abandon(by.who);
  // In one breath: a panic that comes in during a wait must find its own file standing.
  marker.take();
  await book.write({ type: "cleared", at_redis_ms, by: by.who, why: by.why });
  return true;
}

async function clearInRedis(
  { store, instance }: WorkerRouteParts,
  by: Omit<HaltClearing, "instance">,
): Promise<number | "unanswered" | "nothing"> {
  try {
    return await store.clear({ ...by, instance });
  } catch (error) {
    if (!isRedisTrouble(error)) throw error;
    if (error instanceof RedisReplyError && error.code === "WRONGTYPE") {
      throw new AdminError(
        409,
        "HALT_UNREADABLE",
        "the halt's key or the panic stream's is of the wrong type",
        "Look at them, then DEL the wrong one by redis-cli.",
      );
    }
    throw new AdminError(
      503,
      "REDIS_AWAY",
      `nothing was cleared: ${error.message}`,
      "Try again when it is back.",
    );
  }
}
