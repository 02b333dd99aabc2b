/**
 * The panic's way in without Redis and without TCP: `POST /v1/panic` on a unix socket.
 *
 * 1. Who may call is who may open the socket (0660, so the group of its folder): no token, since the caller must
 *    not hold the worker's.
 * 2. A socket that a killed worker left behind is replaced. Whether it was killed is told by a lock beside it,
 *    which the kernel ends with its process: asking the socket itself would cost a start a request.
 */
import { chmodSync, lstatSync, rmSync } from "node:fs";
import { basename, dirname } from "node:path";
import { Hono } from "hono";
import { AdminError } from "../../daemon/admin-request.ts";
import { readBody } from "../../daemon/admin-rules.ts";
import { type AdminServer, serveAdmin } from "../../daemon/admin-server.ts";
import { ConfigurationError } from "../../daemon/configuration-fault.ts";
import { lockStateFolder } from "../../daemon/state-folder.ts";
import { callPanic, type PanicCallParts } from "./call-panic.ts";

const SOCKET_MODE = 0o660;
/** Everything but reading and writing by owner and group, while the socket is made. */
const SOCKET_UMASK = 0o117;

/** Listens. Rejects with ConfigurationError when the path cannot be used. */
export async function listenOnPanicSocket(path: string, parts: PanicCallParts): Promise<AdminServer> {
  await clearPath(path);
  const umask = process.umask(SOCKET_UMASK);
  try {
    const server = serveAdmin(socketApp(parts), { unixSocket: path }, undefined);
    chmodSync(path, SOCKET_MODE);
    return server;
  } finally {
    process.umask(umask);
  }
}

function socketApp(parts: PanicCallParts): Hono {
  const app = new Hono();
  app.post("/v1/panic", async (context) => {
    const body = await readBody(context.req.raw);
    const { url, method, headers } = context.req.raw;
    context.req.raw = new Request(url, { method, headers, ...(body === undefined ? {} : { body }) });
    const reply = await callPanic(parts, context, "socket");
    return context.json(reply.body, reply.status);
  });
  app.notFound((context) =>
    context.json(
      { error: { code: "NOT_FOUND", message: "this socket takes POST /v1/panic alone", hint: "" } },
      404,
    ),
  );
  app.onError((error, context) => {
    if (error instanceof AdminError) {
      const { code, message, hint } = error;
      return context.json({ error: { code, message, hint } }, error.status);
    }
    parts.log.error({ err: error }, "a call on the panic socket failed");
    return context.json(
      { error: { code: "INTERNAL", message: "the call failed", hint: "See the log." } },
      500,
    );
  });
  return app;
}

/** Takes the path for this process. Rejects with ConfigurationError when it is another worker's. */
async function clearPath(path: string): Promise<void> {
  try {
    await lockStateFolder(dirname(path), basename(path), "PANIC_SOCKET");
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) rmSync(path);
  } catch (error) {
    if (error instanceof ConfigurationError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new ConfigurationError([{ name: "PANIC_SOCKET", problem: `this socket cannot be used: ${why}` }]);
  }
}
