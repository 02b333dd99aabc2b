/**
 * The panic's way in without Redis and without TCP: `POST /v1/panic` on a unix socket.
 *
 * 1. Who may call is who may open the socket (0660, so the group of its folder): no token, since the caller must
 *    not hold the worker's.
 * 2. A socket that a killed worker left behind is replaced; one that answers is another worker's, and ends the
 *    start with 78.
 */
import { chmodSync, lstatSync, mkdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { Hono } from "hono";
import { AdminError } from "../../daemon/admin-request.ts";
import { readBody } from "../../daemon/admin-rules.ts";
import { type AdminServer, serveAdmin } from "../../daemon/admin-server.ts";
import { ConfigurationError } from "../../daemon/configuration-fault.ts";
import { callPanic, type PanicCallParts } from "./call-panic.ts";

const SOCKET_MODE = 0o660;
/** Everything but reading and writing by owner and group, while the socket is made. */
const SOCKET_UMASK = 0o117;
const ANSWER_WITHIN_MS = 500;

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

async function clearPath(path: string): Promise<void> {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return;
    if (await answers(path)) throw fault("another worker answers on it");
    rmSync(path);
  } catch (error) {
    if (error instanceof ConfigurationError) throw error;
    throw fault(error instanceof Error ? error.message : String(error));
  }
}

async function answers(path: string): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    await fetch("http://localhost/", { unix: path, signal });
    return true;
  } catch (error) {
    // A socket that takes the connection and then says nothing has a process behind it, too.
    return error instanceof Error && error.name === "TimeoutError";
  }
}

function fault(why: string): ConfigurationError {
  return new ConfigurationError([{ name: "PANIC_SOCKET", problem: `this socket cannot be used: ${why}` }]);
}
