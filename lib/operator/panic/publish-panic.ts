import type { Keys } from "../../contract/keys.ts";
import { encodePanicEvent, type PanicEvent } from "../../contract/panic.ts";
import type { RedisConnection } from "../../redis/connection.ts";
import { isRedisError } from "../../redis/redis-errors.ts";
import { encodeFields } from "../../redis/stream-entry.ts";

/** How long the worker may take to write the halt down before it answers, ms. */
const SOCKET_ANSWERS_WITHIN_MS = 5000;

/** How the panic reached the worker. */
export type PanicWay =
  | { readonly kind: "published"; readonly id: string }
  /** Redis did not take it: handed to the worker itself. */
  | { readonly kind: "socket"; readonly why: string };

/** Neither Redis nor the worker took the panic: nothing will be closed. */
export class PanicNotTakenError extends Error {
  readonly code = "PANIC_NOT_TAKEN";
  readonly hint = "CLOSE AT THE VENUE BY HAND; start quantum-emergency-exit-worker; sudo may be missing.";
  constructor(cause: Error) {
    super(`the panic is not published (${cause.message}), and at the worker's socket nobody took it`, {
      cause,
    });
    this.name = "PanicNotTakenError";
  }
}

/**
 * Publishes the panic; where Redis does not take it, or leaves it open, hands the same event to the worker's
 * socket: one event id is carried out once. Rejects with PanicNotTakenError when neither took it
 * (and with the error of Redis where there is no socket to turn to).
 */
export async function publishPanic(
  parts: {
    readonly redis: Pick<RedisConnection, "command">;
    readonly keys: Pick<Keys, "panicStream">;
    /** undefined: the stream alone. */
    readonly panicSocket: string | undefined;
  },
  event: PanicEvent,
): Promise<PanicWay> {
  try {
    const fields = encodeFields(encodePanicEvent(event));
    const id = String(await parts.redis.command(["XADD", parts.keys.panicStream, "*", ...fields]));
    return { kind: "published", id };
  } catch (error) {
    if (!isRedisError(error) || parts.panicSocket === undefined) throw error;
    if (!(await handedOver(parts.panicSocket, event))) throw new PanicNotTakenError(error);
    return { kind: "socket", why: error.message };
  }
}

async function handedOver(unix: string, event: PanicEvent): Promise<boolean> {
  try {
    const response = await fetch("http://localhost/v1/panic", {
      ...{ unix, method: "POST", headers: { "content-type": "application/json" } },
      ...{ body: JSON.stringify(event), signal: AbortSignal.timeout(SOCKET_ANSWERS_WITHIN_MS) },
    });
    return response.ok;
  } catch {
    return false;
  }
}
