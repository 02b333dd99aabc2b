import { ClientClosedError, ClientOfflineError, ErrorReply, RedisClient } from "@redis/client";
import { createDeadlineQueue } from "./deadline-queue.ts";
import { RedisOutcomeUnknownError, RedisReplyError, RedisUnavailableError } from "./redis-errors.ts";
import type { RedisArgument, RedisReply } from "./reply.ts";
import type { WireClient, WireEnd, WireOptions } from "./wire.ts";

/** Unanswered commands on one connection; more than any role has in flight, less than a leak needs to hurt. */
const QUEUE_MAX = 20_000;

/** Connects. Rejects with RedisUnavailableError, RedisReplyError (AUTH) or, in time, RedisOutcomeUnknownError. */
export async function openWireClient(options: WireOptions): Promise<WireClient> {
  const client = newClient(options);
  const { promise: ended, resolve } = Promise.withResolvers<WireEnd>();
  let end: WireEnd | undefined;
  const finish = (kind: WireEnd["kind"], error: Error) => {
    end ??= { kind, error };
    resolve(end);
    client.destroy();
  };
  client.on("error", (error: Error) => finish("lost", error));
  const destroy = () => finish("destroyed", new Error("closed by us"));
  options.signal?.addEventListener("abort", destroy);
  void ended.then(() => options.signal?.removeEventListener("abort", destroy));
  const endedEarly = ended.then(({ error }): never => {
    throw error;
  });
  try {
    await connectWithin(client, endedEarly, options.connectDeadlineMs);
  } catch (error) {
    // Who only gives up connecting lets the signal, which lives as long as its owner, go as well: it holds the client.
    finish("lost", error instanceof Error ? error : new Error(String(error)));
    throw error;
  }
  // Destroying the client rejects everything in flight, the late command included.
  const deadlines = createDeadlineQueue((deadlineMs) => {
    finish("overrun", new RedisOutcomeUnknownError("REDIS_DEADLINE", `no reply within ${deadlineMs} ms`));
  });
  void ended.then(deadlines.stop);
  const send: WireClient["send"] = (args, deadlineMs) => {
    const ticket = deadlines.start(deadlineMs);
    return client.sendCommand<RedisReply>(args).then(
      (reply) => {
        deadlines.settle(ticket);
        options.onSettled?.(args, undefined);
        return reply;
      },
      (failure: unknown) => {
        deadlines.settle(ticket);
        const error = classifyFailure(failure, args, end);
        options.onSettled?.(args, error);
        throw error;
      },
    );
  };
  return { ended, send, destroy, abandon: (why) => finish("lost", new Error(why)) };
}

function newClient(options: WireOptions) {
  // The bare class: `createClient` builds one with 900 command methods that nobody here calls, a client anew.
  return new RedisClient({
    url: options.url,
    name: options.name,
    RESP: 2,
    disableOfflineQueue: true,
    commandsQueueMaxLength: QUEUE_MAX,
    // The default builds an abort signal a command and ends it only while it is unsent.
    commandOptions: { timeout: 0 },
    maintNotifications: "disabled",
    disableClientInfo: true,
    socket: {
      reconnectStrategy: false,
      connectTimeout: options.connectDeadlineMs,
      socketTimeout: options.socketTimeoutMs,
    },
  });
}

async function connectWithin(
  client: ReturnType<typeof newClient>,
  endedEarly: Promise<never>,
  deadlineMs: number,
): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const said = `no connection within ${deadlineMs} ms`;
    timer = setTimeout(() => reject(new RedisOutcomeUnknownError("REDIS_DEADLINE", said)), deadlineMs);
  });
  try {
    await Promise.race([client.connect(), endedEarly, late]);
  } catch (error) {
    client.destroy();
    if (error instanceof RedisOutcomeUnknownError) throw error;
    if (error instanceof ErrorReply) throw new RedisReplyError(error.message, error);
    throw new RedisUnavailableError(`cannot connect: ${messageOf(error)}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/** What a rejection of node-redis says about the command's fate. */
function classifyFailure(error: unknown, args: readonly RedisArgument[], end: WireEnd | undefined): Error {
  if (error instanceof ErrorReply) return new RedisReplyError(error.message, error);
  const unsent =
    error instanceof ClientOfflineError ||
    error instanceof ClientClosedError ||
    messageOf(error) === "The queue is full";
  if (unsent) return new RedisUnavailableError(`not sent: ${messageOf(error)}`, { cause: error });
  // An argument that is neither text nor bytes is our own mistake, and is found before sending.
  if (error instanceof TypeError) return error;
  const name = String(args[0]);
  if (end?.kind === "overrun") {
    return new RedisOutcomeUnknownError("REDIS_DEADLINE", `${name}: ${end.error.message}`, end.error);
  }
  const why = end?.error.message ?? messageOf(error);
  return new RedisOutcomeUnknownError(
    "REDIS_CONNECTION_LOST",
    `connection lost during ${name}: ${why}`,
    error,
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
