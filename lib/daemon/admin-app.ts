import { type Context, Hono } from "hono";
import { Counter, type Registry } from "prom-client";
import type { AuditEntry } from "../contract/audit-entry.ts";
import { AdminError } from "./admin-request.ts";
import { readBody, requireLoopbackHost, requireOperator, requireRoute, requireToken } from "./admin-rules.ts";
import type { Dependency } from "./daemon-spec.ts";
import type { Logger } from "./logger.ts";
import type { Secret } from "./secret.ts";

/** What the admin server shows and guards. */
export interface AdminSubject {
  readonly role: string;
  readonly instance: string;
  readonly token: Secret | undefined;
  readonly registry: Registry;
  readonly log: Logger;
  readonly nowMs: () => number;
  /** Redacts by type when it is written as JSON. */
  readonly settings: object;
  /** `ok` false: the loop makes no progress. */
  health(): { readonly ok: boolean; readonly beatAgeMs: number; readonly beatAgeMsMax: number };
  dependencies(): readonly Dependency[];
  version(): Readonly<Record<string, string>>;
  readonly routes: Hono | undefined;
  readonly audit: ((entry: AuditEntry) => Promise<void>) | undefined;
}

/**
 * The admin application: five reading endpoints and the role's own under `/v1`.
 *
 * 1. No request with a foreign Host reaches anything.
 * 2. No mutation (anything but GET and HEAD) reaches a route without token, operator, and a JSON body
 *    within the limit; each refusal is counted.
 * 3. Every successful mutation is handed to `audit` before it is answered; when that fails the answer says so.
 * 4. Every error is `{error: {code, message, hint}}`.
 */
export function createAdminApp(subject: AdminSubject): Hono {
  const app = new Hono();
  const refused = new Counter({
    name: "quantum_admin_refused_total",
    help: "Admin requests refused, by reason.",
    labelNames: ["code"],
    registers: [subject.registry],
  });
  app.use(async (context, next) => {
    requireLoopbackHost(context.req.header("Host"));
    requireRoute(app, context);
    if (context.req.method === "GET" || context.req.method === "HEAD") return next();
    requireToken(context.req.header("Authorization"), subject.token);
    requireOperator(context.req.header("X-Operator"));
    const body = await readBody(context.req.raw);
    const { url, method, headers } = context.req.raw;
    context.req.raw = new Request(url, { method, headers, ...(body === undefined ? {} : { body }) });
    await next();
    if (context.res.status < 400) await recordMutation(subject, context);
  });
  addReadingEndpoints(app, subject);
  if (subject.routes !== undefined) app.route("/v1", subject.routes);
  app.onError((error, context) => {
    if (!(error instanceof AdminError)) {
      subject.log.error({ err: error, path: context.req.path }, "admin request failed");
      return errorReply(context, new AdminError(500, "INTERNAL", "the request failed", "See the log."));
    }
    refused.inc({ code: error.code });
    if (error.status === 401) context.header("WWW-Authenticate", "Bearer");
    return errorReply(context, error);
  });
  return app;
}

function addReadingEndpoints(app: Hono, subject: AdminSubject): void {
  app.get("/healthz", (context) => {
    const health = subject.health();
    return context.json({ role: subject.role, ...health }, health.ok ? 200 : 503);
  });
  app.get("/readyz", (context) => {
    const dependencies = subject.dependencies();
    const ready = dependencies.every((dependency) => dependency.ok);
    return context.json({ role: subject.role, ready, dependencies }, ready ? 200 : 503);
  });
  app.get("/metrics", async (context) => {
    context.header("Content-Type", subject.registry.contentType);
    return context.body(await subject.registry.metrics());
  });
  app.get("/version", (context) => context.json(subject.version()));
  app.get("/config", (context) => {
    context.header("Content-Type", "application/json");
    return context.body(JSON.stringify(subject.settings));
  });
}

function errorReply(context: Context, error: AdminError): Response {
  const { code, message, hint } = error;
  return context.json({ error: { code, message, hint } }, error.status);
}

async function recordMutation(subject: AdminSubject, context: Context): Promise<void> {
  const change = changeOf(context);
  const entry: AuditEntry = {
    atMs: subject.nowMs(),
    role: subject.role,
    instance: subject.instance,
    who: context.req.header("X-Operator") ?? "",
    what: change.what ?? `${context.req.method} ${context.req.path}`,
    before: change.before,
    after: change.after,
  };
  subject.log.warn({ audit: entry }, "operator's mutation");
  try {
    await subject.audit?.(entry);
  } catch (error) {
    subject.log.error({ err: error, audit: entry }, "the mutation could not be recorded in the audit stream");
    const hint = "It is in this role's log.";
    throw new AdminError(503, "AUDIT_FAILED", "the change was made, but could not be recorded", hint);
  }
}

function changeOf(context: Context): { what?: string; before: string; after: string } {
  const change: unknown = context.get("change");
  if (typeof change !== "object" || change === null) return { before: "", after: "" };
  const text = (name: string) => {
    const value: unknown = Reflect.get(change, name);
    return typeof value === "string" ? value : undefined;
  };
  const what = text("what");
  return {
    before: text("before") ?? "",
    after: text("after") ?? "",
    ...(what === undefined ? {} : { what }),
  };
}
