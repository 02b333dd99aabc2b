import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Hono } from "hono";
import { Registry } from "prom-client";
import { z } from "zod";
import type { AuditEntry } from "../../../lib/contract/audit-entry.ts";
import { createAdminApp } from "../../../lib/daemon/admin-app.ts";
import { AdminError, jsonBody, operatorOf, recordChange } from "../../../lib/daemon/admin-request.ts";
import { BODY_BYTES_MAX } from "../../../lib/daemon/admin-rules.ts";
import { type AdminServer, serveAdmin } from "../../../lib/daemon/admin-server.ts";
import { ConfigurationError } from "../../../lib/daemon/configuration-fault.ts";
import { Secret } from "../../../lib/daemon/secret.ts";
import { SecretUrl } from "../../../lib/daemon/secret-url.ts";
import { keptLog } from "../../support/quiet-log.ts";

const TOKEN = "correct-horse";
const state = { healthy: true, ready: true, auditFails: false };
const audited: AuditEntry[] = [];
const registry = new Registry();

function roleRoutes(): Hono {
  const routes = new Hono();
  let mode = "off";
  routes.get("/mode", (context) => context.json({ mode }));
  routes.put("/mode", async (context) => {
    const body = await jsonBody(context, z.strictObject({ mode: z.enum(["on", "off"]) }));
    recordChange(context, { before: mode, after: body.mode });
    mode = body.mode;
    return context.json({ mode, by: operatorOf(context) });
  });
  routes.delete("/mode/:name", (context) => context.json({ deleted: context.req.param("name") }));
  routes.post("/conflict", () => {
    throw new AdminError(409, "CONFLICT", "positions are open", "Close them first.");
  });
  routes.post("/bug", () => {
    throw new Error("with an inner secret");
  });
  return routes;
}

function appWith(token: Secret | undefined, metrics = new Registry()) {
  return createAdminApp({
    role: "execution",
    instance: "one",
    token,
    registry: metrics,
    log: keptLog(),
    nowMs: () => 1_700_000_000_000,
    settings: { REDIS_URL: new SecretUrl("redis://u:hidden@h"), ADMIN_TOKEN: token, SAFETY_WINDOW_SEC: 10 },
    health: () => ({ ok: state.healthy, beatAgeMs: 5, beatAgeMsMax: 10 }),
    dependencies: () => [{ name: "redis", ok: state.ready, detail: state.ready ? "ready" : "hung" }],
    version: () => ({ version: "1", git: "abc", mode: "PAPER", account: "", bootId: "b" }),
    routes: roleRoutes(),
    audit: async (entry) => {
      if (state.auditFails) throw new Error("Redis is away");
      audited.push(entry);
    },
  });
}

let server: AdminServer;
beforeAll(() => {
  server = serveAdmin(appWith(new Secret(TOKEN), registry), { host: "127.0.0.1", port: 0 }, undefined);
});
afterAll(() => server.stop());

const OPERATOR = { Authorization: `Bearer ${TOKEN}`, "X-Operator": "alice" };
const JSON_TYPE = { "Content-Type": "application/json" };
const ON = JSON.stringify({ mode: "on" });

async function ask(path: string, init: RequestInit = {}) {
  const response = await fetch(`${server.url}${path}`, init);
  const text = await response.text();
  return { status: response.status, headers: response.headers, text };
}

describe("reading", () => {
  test("health, readiness, version and configuration need no token", async () => {
    expect(JSON.parse((await ask("/healthz")).text)).toEqual({
      role: "execution",
      ok: true,
      beatAgeMs: 5,
      beatAgeMsMax: 10,
    });
    expect(JSON.parse((await ask("/readyz")).text)).toMatchObject({ ready: true });
    expect(JSON.parse((await ask("/version")).text)).toMatchObject({ git: "abc", mode: "PAPER" });
    expect((await ask("/v1/mode")).status).toBe(200);
  });

  test("the configuration is redacted by type", async () => {
    expect(JSON.parse((await ask("/config")).text)).toEqual({
      REDIS_URL: "redis://u:[redacted]@h",
      ADMIN_TOKEN: "[redacted]",
      SAFETY_WINDOW_SEC: 10,
    });
  });

  test("a loop without progress is not healthy; a missing dependency is not ready, and is named", async () => {
    state.healthy = false;
    state.ready = false;
    const [health, ready] = await Promise.all([ask("/healthz"), ask("/readyz")]);
    state.healthy = true;
    state.ready = true;
    expect(health.status).toBe(503);
    expect(ready.status).toBe(503);
    expect(JSON.parse(ready.text).dependencies).toEqual([{ name: "redis", ok: false, detail: "hung" }]);
  });
});

interface Refusal {
  readonly what: string;
  /** Default: PUT /v1/mode with everything right. */
  readonly method?: string;
  readonly path?: string;
  /** On top of the right ones; undefined takes one away. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: string | Blob;
  readonly status: number;
  readonly code: string;
}

const FOREIGN = { status: 403, code: "FOREIGN_HOST" };
const MISSING = { status: 401, code: "TOKEN_MISSING" };
const WRONG = { status: 401, code: "TOKEN_WRONG" };
const NAMELESS = { status: 400, code: "OPERATOR_MISSING" };
const UNKNOWN = { status: 404, code: "NOT_FOUND" };
const METHOD = { status: 405, code: "METHOD_NOT_ALLOWED" };
const TYPE = { status: 415, code: "CONTENT_TYPE" };
const BODILESS = { headers: { "Content-Type": undefined }, body: "" };

const REFUSALS: readonly Refusal[] = [
  { what: "a foreign Host", method: "GET", path: "/healthz", headers: { Host: "evil.example" }, ...FOREIGN },
  { what: "a Host that only begins like ours", headers: { Host: "127.0.0.1.evil.example" }, ...FOREIGN },
  { what: "an unknown path", method: "GET", path: "/nope", ...UNKNOWN },
  { what: "an unknown path of the role", path: "/v1/nope", ...UNKNOWN },
  { what: "a method the path does not take", method: "POST", ...METHOD },
  { what: "a mutating method on a reading path", method: "DELETE", path: "/metrics", ...METHOD },
  { what: "no token", headers: { Authorization: undefined }, ...MISSING },
  { what: "a wrong token", headers: { Authorization: "Bearer x" }, ...WRONG },
  { what: "a token that is ours and more", headers: { Authorization: `Bearer ${TOKEN}x` }, ...WRONG },
  { what: "another scheme of authorization", headers: { Authorization: `Basic ${TOKEN}` }, ...MISSING },
  { what: "no operator", headers: { "X-Operator": undefined }, ...NAMELESS },
  { what: "an operator that is too long", headers: { "X-Operator": "a".repeat(65) }, ...NAMELESS },
  { what: "a wrong content type", headers: { "Content-Type": "text/plain" }, ...TYPE },
  { what: "no content type", headers: { "Content-Type": undefined }, body: new Blob([ON]), ...TYPE },
  { what: "a body over 16 KiB", body: "x".repeat(BODY_BYTES_MAX + 1), status: 413, code: "BODY_TOO_LARGE" },
  { what: "a body that is not JSON", body: "{mode", status: 400, code: "NOT_JSON" },
  { what: "no body where one is needed", ...BODILESS, status: 400, code: "NOT_JSON" },
  { what: "a field too many", body: '{"mode":"on","x":1}', status: 400, code: "BAD_BODY" },
  {
    what: "what the role refuses",
    method: "POST",
    path: "/v1/conflict",
    ...BODILESS,
    status: 409,
    code: "CONFLICT",
  },
];

function requestOf(refusal: Refusal): RequestInit {
  const headers = new Headers({ ...OPERATOR, ...JSON_TYPE });
  for (const [name, value] of Object.entries(refusal.headers ?? {})) {
    if (value === undefined) headers.delete(name);
    else headers.set(name, value);
  }
  const method = refusal.method ?? "PUT";
  return { method, headers, ...(method === "GET" ? {} : { body: refusal.body ?? ON }) };
}

describe("a request with", () => {
  test.each(REFUSALS.map((refusal) => [refusal.what, refusal] as const))(
    "%s is refused",
    async (_what, refusal) => {
      const { status, code } = refusal;
      const before = audited.length;
      const reply = await ask(refusal.path ?? "/v1/mode", requestOf(refusal));
      expect({ status: reply.status, error: JSON.parse(reply.text).error }).toEqual({
        status,
        error: { code, message: expect.any(String), hint: expect.any(String) },
      });
      expect(audited).toHaveLength(before);
      const metrics = await registry.metrics();
      expect(metrics).toMatch(new RegExp(`quantum_admin_refused_total\\{code="${code}"\\} [1-9]`));
    },
  );

  test("a body over 16 KiB that declares no length is refused all the same", async () => {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let sent = 0; sent <= BODY_BYTES_MAX; sent += 1024)
          controller.enqueue(new Uint8Array(1024).fill(32));
        controller.close();
      },
    });
    expect(
      (await ask("/v1/mode", { method: "PUT", headers: { ...OPERATOR, ...JSON_TYPE }, body })).status,
    ).toBe(413);
  });

  test("no Host at all is refused", async () => {
    const port = Number(new URL(server.url).port);
    const reply = await new Promise<string>((resolve, reject) => {
      const socket = connect(port, "127.0.0.1", () => socket.write("GET /healthz HTTP/1.0\r\n\r\n"));
      socket.once("data", (data) => {
        resolve(data.toString());
        socket.destroy();
      });
      socket.once("error", reject);
    });
    expect(reply).toMatch(/^HTTP\/1\.[01] (403|400)/);
  });

  test("a wrong method is told the right ones", async () => {
    expect((await ask("/v1/mode", { method: "PATCH" })).headers.get("Allow")).toBe("GET, PUT");
  });

  test("a bug behind it gets 500 and nothing of the bug", async () => {
    const reply = await ask("/v1/bug", { method: "POST", headers: OPERATOR });
    expect(reply.status).toBe(500);
    expect(reply.text).not.toContain("inner secret");
  });

  test("no token configured is refused, with a hint", async () => {
    const bare = serveAdmin(appWith(undefined), { host: "127.0.0.1", port: 0 }, undefined);
    const reply = await fetch(`${bare.url}/v1/mode`, {
      method: "PUT",
      headers: { ...OPERATOR, ...JSON_TYPE },
      body: ON,
    });
    expect(reply.status).toBe(401);
    expect(await reply.text()).toContain("Set ADMIN_TOKEN");
    await bare.stop();
  });
});

describe("a mutation", () => {
  test("passes with token, operator and JSON, and is in the audit with who, what, before and after", async () => {
    const reply = await ask("/v1/mode", { method: "PUT", headers: { ...OPERATOR, ...JSON_TYPE }, body: ON });
    expect(reply).toMatchObject({ status: 200, text: '{"mode":"on","by":"alice"}' });
    expect(audited.at(-1)).toEqual({
      atMs: 1_700_000_000_000,
      role: "execution",
      instance: "one",
      who: "alice",
      what: "PUT /v1/mode",
      before: "off",
      after: "on",
    });
  });

  test("without a body and with a name in its path passes, and is audited without being asked to", async () => {
    const reply = await ask("/v1/mode/fast", { method: "DELETE", headers: OPERATOR });
    expect(reply).toMatchObject({ status: 200, text: '{"deleted":"fast"}' });
    expect(audited.at(-1)).toMatchObject({ who: "alice", what: "DELETE /v1/mode/fast" });
  });

  test("that could not be recorded says so", async () => {
    state.auditFails = true;
    const reply = await ask("/v1/mode/fast", { method: "DELETE", headers: OPERATOR });
    state.auditFails = false;
    expect(reply.status).toBe(503);
    expect(JSON.parse(reply.text).error.code).toBe("AUDIT_FAILED");
  });
});

describe("listening", () => {
  test("on a taken port is a configuration fault that names the port", () => {
    const port = Number(new URL(server.url).port);
    const listen = () => serveAdmin(appWith(undefined), { host: "127.0.0.1", port }, undefined);
    expect(listen).toThrow(ConfigurationError);
    expect(listen).toThrow(`ADMIN_PORT: 127.0.0.1:${port} cannot be listened on`);
  });

  test("on a unix socket works the same", async () => {
    const path = join(mkdtempSync(join(tmpdir(), "quantum-admin-")), "admin.sock");
    const onSocket = serveAdmin(appWith(new Secret(TOKEN)), { unixSocket: path }, undefined);
    const reply = await fetch("http://localhost/healthz", { unix: path });
    expect(reply.status).toBe(200);
    await onSocket.stop();
  });

  test("leaves other paths to an open surface, when there is one", async () => {
    const open = serveAdmin(
      appWith(undefined),
      { host: "127.0.0.1", port: 0 },
      {
        fetch: (request) => new Response(`venue ${new URL(request.url).pathname}`),
      },
    );
    expect(await (await fetch(`${open.url}/fapi/v1/order`, { method: "POST" })).text()).toBe(
      "venue /fapi/v1/order",
    );
    expect((await fetch(`${open.url}/v1/nope`)).status).toBe(404);
    await open.stop();
  });
});
