import { createHash, timingSafeEqual } from "node:crypto";
import type { Context, Hono } from "hono";
import { AdminError } from "./admin-request.ts";
import type { Secret } from "./secret.ts";

/**
 * The rules of every admin request, as functions that throw AdminError. In this order: Host (403), path (404),
 * method (405), token (401), operator (400), size (413), content type (415).
 */

/** A mutation's body may not be larger; nothing an operator says is. */
export const BODY_BYTES_MAX = 16 * 1024;

const LOOPBACK_HOST = /^(?:127(?:\.\d{1,3}){3}|localhost|\[::1\])(?::\d{1,5})?$/i;
const OPERATOR = /^[\x21-\x7e](?:[\x20-\x7e]{0,62}[\x21-\x7e])?$/;

/** A web page can point a name of its own at 127.0.0.1; it cannot forge the Host header (DNS rebinding). */
export function requireLoopbackHost(host: string | undefined): void {
  if (host !== undefined && LOOPBACK_HOST.test(host)) return;
  throw new AdminError(403, "FOREIGN_HOST", "the Host header is not a loopback address", "Use 127.0.0.1.");
}

/** Throws 404 or 405 unless a route takes path and method. Roles declare methods one by one, never `all`. */
export function requireRoute(app: Hono, context: Context): void {
  const { method, path } = context.req;
  const wanted = method === "HEAD" ? "GET" : method;
  const methods = app.routes
    .filter((route) => route.method !== "ALL" && routePattern(route.path).test(path))
    .map((route) => route.method);
  if (methods.includes(wanted)) return;
  if (methods.length === 0) throw new AdminError(404, "NOT_FOUND", `there is no ${path}`);
  const allowed = [...new Set(methods)].sort().join(", ");
  context.header("Allow", allowed);
  throw new AdminError(405, "METHOD_NOT_ALLOWED", `${path} does not take ${method}`, `It takes ${allowed}.`);
}

function routePattern(path: string): RegExp {
  const pattern = path
    .split("/")
    .map((part) => (part.startsWith(":") ? "[^/]+" : part.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&")))
    .join("/")
    .replaceAll("*", ".*");
  return new RegExp(`^${pattern}$`);
}

/** Constant-time: both sides are hashed first, so that neither length nor content shows in the time taken. */
export function requireToken(authorization: string | undefined, token: Secret | undefined): void {
  if (token === undefined) {
    throw new AdminError(
      401,
      "NO_TOKEN_CONFIGURED",
      "mutations are refused",
      "Set ADMIN_TOKEN of this role.",
    );
  }
  const given = /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1];
  const hint = "Send Authorization: Bearer <this role's ADMIN_TOKEN>.";
  if (given === undefined) throw new AdminError(401, "TOKEN_MISSING", "a mutation needs the token", hint);
  if (!timingSafeEqual(digest(given), digest(token.reveal()))) {
    throw new AdminError(401, "TOKEN_WRONG", "the token is not this role's", hint);
  }
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

/** A mutation says who asks for it. */
export function requireOperator(operator: string | undefined): void {
  if (operator !== undefined && OPERATOR.test(operator)) return;
  const hint = "Send X-Operator: <your name>, up to 64 printable characters.";
  throw new AdminError(400, "OPERATOR_MISSING", "a mutation must say who asks for it", hint);
}

/** The body, read up to the limit; undefined when there is none. Throws 413, then 415. */
export async function readBody(request: Request): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const declared = Number(request.headers.get("Content-Length") ?? "0");
  if (declared > BODY_BYTES_MAX) throw tooLarge();
  if (request.body === null) return undefined;
  const chunks: Uint8Array[] = [];
  let size = 0;
  // A chunked body declares no length: it is counted as it comes.
  for await (const chunk of request.body) {
    size += chunk.byteLength;
    if (size > BODY_BYTES_MAX) throw tooLarge();
    chunks.push(chunk);
  }
  if (size === 0) return undefined;
  const type = request.headers.get("Content-Type")?.split(";", 1)[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    const hint = "Send Content-Type: application/json.";
    throw new AdminError(415, "CONTENT_TYPE", `the content type is ${type ?? "missing"}`, hint);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

function tooLarge(): AdminError {
  return new AdminError(413, "BODY_TOO_LARGE", `the body is larger than ${BODY_BYTES_MAX} bytes`);
}
