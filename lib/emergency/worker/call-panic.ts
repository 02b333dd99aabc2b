import type { Context } from "hono";
import { panicEventSchema } from "../../contract/panic.ts";
import { AdminError } from "../../daemon/admin-request.ts";
import { within } from "../../daemon/within.ts";
import { refusedCompletion } from "./build-completion.ts";
import type { Acceptance, PanicExecutor } from "./panic-executor.ts";
import type { PanicStore } from "./panic-store.ts";
import type { WorkerClock, WorkerLog } from "./worker-parts.ts";

/** Longest a panic waits for what Redis remembers of it, ms. */
const ASK_MS = 150;

export interface PanicCallParts {
  readonly executor: Pick<PanicExecutor, "accept">;
  readonly store: Pick<PanicStore, "isCleared" | "processed" | "refuse">;
  readonly clock: WorkerClock;
  readonly log: WorkerLog;
  readonly observe: { refused(reason: string): void };
}

/**
 * `POST /v1/panic`, from the admin server and from the socket: 202 when the halt stands and the panic is written
 * down, 200 when it is over. Throws AdminError 400 for what is not a panic; the refusal is recorded.
 */
export async function callPanic(
  parts: PanicCallParts,
  context: Context,
  via: "http" | "socket",
): Promise<{ readonly status: 200 | 202; readonly body: Acceptance & { readonly event_id: string } }> {
  const body: unknown = await context.req.json().catch(() => undefined);
  const event = panicEventSchema.safeParse(body);
  if (!event.success) {
    const issue = event.error.issues[0];
    const message = `${issue?.path.join(".") || "body"}: ${issue?.message ?? "not a panic"}`;
    refuse(parts, body, `MALFORMED ${message}`);
    throw new AdminError(
      400,
      "NOT_A_PANIC",
      message,
      "See docs: panic_close needs event_id (uuid v4), reason, severity, issued_by, ts.",
    );
  }
  const { event_id } = event.data;
  // A panic that Redis knows as over and our journal does not: its state folder was lost since.
  const asked = parts.store.processed(event_id).catch(() => undefined);
  // One that the stream's reader refuses as cleared must not be run because its caller comes by the other way, too.
  const cleared = parts.store.isCleared(event_id).catch(() => false);
  const [processed, isCleared] = (await within(parts.clock, ASK_MS, Promise.all([asked, cleared]))) ?? [];
  if (processed?.state === "DONE" || isCleared === true)
    return { status: 200, body: { event_id, state: "done" } };
  const acceptance = await parts.executor.accept(event.data, via);
  return { status: acceptance.state === "done" ? 200 : 202, body: { event_id, ...acceptance } };
}

/** The caller has been told; Redis is told if it is there. */
function refuse(parts: PanicCallParts, body: unknown, why: string): void {
  const { store, clock, log, observe } = parts;
  const named: unknown = body !== null && typeof body === "object" && "event_id" in body ? body.event_id : "";
  const eventId = typeof named === "string" ? named : "";
  log.error({ event_id: eventId, why }, "PANIC refused");
  observe.refused("MALFORMED");
  store.refuse(refusedCompletion(eventId, why, clock.nowMs()), undefined).catch((error: unknown) => {
    log.warn({ err: error }, "the refusal is in this log alone: Redis did not take it");
  });
}
