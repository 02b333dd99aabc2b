import fc from "fast-check";
import { hostileJson, hostileText, mutated } from "./hostile.ts";
import type { HttpRequest } from "./raw-call.ts";

const PANIC = {
  ...{ event_id: "6f1c2a34-5b6d-4e7f-8a9b-0c1d2e3f4a5b", reason: "fuzz", severity: "CRITICAL" },
  ...{ issued_by: "ops", ts: 1_772_359_200_000 },
};
const READ = ["/healthz", "/readyz", "/metrics", "/version", "/config"].map((path) => ["GET", path] as const);

/** Every route of every role, by the contract and the operators' manual. */
export const ROUTES = {
  "ai-strategy-router": [
    ...READ,
    ...(["GET", "PUT", "DELETE"] as const).map((method) => [method, "/v1/safe-mode"] as const),
    ...(["GET", "PUT"] as const).map((method) => [method, "/v1/kill"] as const),
    ...(["/v1/rates", "/v1/governor", "/v1/faults"] as const).map((path) => ["GET", path] as const),
  ],
  execution: [...READ, ["GET", "/v1/stats"], ["GET", "/v1/results"], ["GET", "/v1/orders/in-doubt"]],
  "exit-brain": [...READ, ["GET", "/v1/positions"], ["GET", "/v1/cycles"]],
  "exit-brain-watchdog": [...READ, ["GET", "/v1/watch"]],
  "emergency-exit-worker": [...READ, ["POST", "/v1/panic"], ["GET", "/v1/halt"], ["DELETE", "/v1/halt"]],
  "safety-telemetry": [...READ, ["GET", "/v1/status"]],
  "audit-logger": [...READ, ["GET", "/v1/head"]],
  "paper-exchange": READ,
} as const satisfies Readonly<Record<string, readonly (readonly [string, string])[]>>;
export type FuzzedRole = keyof typeof ROUTES;

/** Those that change something, with their role. */
export const MUTATIONS = (Object.keys(ROUTES) as FuzzedRole[]).flatMap((role) =>
  ROUTES[role].flatMap(([method, path]) => (method === "GET" ? [] : [[role, method, path] as const])),
);

/** Every control of the paper exchange. */
export const CONTROLS = [
  ...["state", "counts", "requests", "faults", "market"].map((what) => ["GET", `/paper/${what}`] as const),
  ...["faults", "reset", "market", "credentials", "streams"].map(
    (what) => ["POST", `/paper/${what}`] as const,
  ),
  ["DELETE", "/paper/faults"] as const,
] as const;

const isWholeIn = (value: unknown, min: number, max: number) =>
  typeof value === "number" && Number.isInteger(value) && value >= min && value <= max;
const onlyHas = (body: object, names: readonly string[]) =>
  Object.keys(body).every((name) => names.includes(name));

/** Whether a mutation's body is one that the manual allows. */
export function isAllowedBody(method: string, path: string, text: string): boolean {
  if (method === "DELETE" && path === "/v1/safe-mode") return true;
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return false;
  }
  if (typeof body !== "object" || body === null || Array.isArray(body)) return false;
  const has = new Map<string, unknown>(Object.entries(body));
  if (path === "/v1/kill") return onlyHas(body, ["engaged"]) && typeof has.get("engaged") === "boolean";
  if (path === "/v1/safe-mode") {
    const ttl = has.get("ttl_sec") ?? null;
    return onlyHas(body, ["ttl_sec"]) && (ttl === null || isWholeIn(ttl, 1, 31_536_000));
  }
  if (path === "/v1/halt") {
    const [why, force] = [has.get("why"), has.get("force")];
    const said = typeof why === "string" && why.length >= 1 && why.length <= 200;
    return onlyHas(body, ["why", "force"]) && said && (force === undefined || typeof force === "boolean");
  }
  return isPanic(has);
}

function isPanic(has: ReadonlyMap<string, unknown>): boolean {
  const [id, reason, ts] = [has.get("event_id"), has.get("reason"), has.get("ts")];
  const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;
  const said = typeof reason === "string" && reason.length >= 1 && reason.length <= 512;
  const issuer = ["risk_kernel", "exit_brain", "watchdog", "ops"].some((one) => one === has.get("issued_by"));
  const timed =
    typeof ts === "number" ? Number.isInteger(ts) : typeof ts === "string" && /^-?\d{1,19}$/.test(ts);
  return (
    typeof id === "string" && uuid.test(id) && said && issuer && timed && has.get("severity") === "CRITICAL"
  );
}

/** What an HTTP header may carry. */
const headerText = hostileText.map((text) =>
  text
    .replaceAll(/[^\x20-\x7e]/g, "")
    .slice(0, 200)
    .trim(),
);
const validBodies = fc.oneof(
  mutated<unknown>(PANIC, hostileJson),
  mutated<unknown>({ engaged: true }, hostileJson),
  mutated<unknown>({ ttl_sec: 5 }, hostileJson),
  mutated<unknown>({ why: "fuzz" }, hostileJson),
);
const bodies = fc.oneof(
  { weight: 6, arbitrary: validBodies.map((body) => JSON.stringify(body)) },
  { weight: 2, arbitrary: hostileText },
  {
    weight: 1,
    arbitrary: fc.constantFrom("x".repeat(17_000), `{"why":"${"y".repeat(16_500)}"}`, "{", "[]", "null"),
  },
);

/** A request that is right or wrong in each of its parts. `token` is the role's. */
export function adminRequests(role: FuzzedRole, token: string): fc.Arbitrary<HttpRequest> {
  const routes: readonly (readonly [string, string])[] = ROUTES[role];
  const target = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...routes) },
    {
      weight: 2,
      arbitrary: fc.tuple(
        fc.constantFrom("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"),
        fc.oneof(
          fc.constantFrom(...routes.map(([, path]) => path)),
          fc.constantFrom("/v1", "/v1/", "/v1/kill%2f", "/V1/kill", "/healthz/", "/v1/panic/x"),
        ),
      ),
    },
  );
  const often = <T>(right: T, ...wrong: fc.Arbitrary<T>[]) =>
    fc.oneof(
      { weight: 5, arbitrary: fc.constant(right) },
      ...wrong.map((arbitrary) => ({ weight: 1, arbitrary })),
    );
  return fc
    .record({
      target,
      host: often<string>(
        "127.0.0.1:9101",
        fc.constantFrom("localhost", "[::1]:1", "evil.example", "127.0.0.1.evil.example", ""),
      ),
      authorization: often<string | undefined>(
        `Bearer ${token}`,
        fc.constantFrom(
          undefined,
          "Bearer",
          `Bearer ${token}x`,
          `Basic ${token}`,
          `Bearer ${token.toUpperCase()}`,
        ),
        headerText,
      ),
      operator: often<string | undefined>("anna", fc.constantFrom(undefined, "", "x".repeat(65)), headerText),
      type: often<string | undefined>(
        "application/json",
        fc.constantFrom(undefined, "text/plain", "application/json; charset=utf-8"),
      ),
      body: fc.option(bodies, { nil: undefined }),
    })
    .map(({ target: [method, path], host, authorization, operator, type, body }) => ({
      ...{ method, path },
      headers: { Host: host, Authorization: authorization, "X-Operator": operator, "Content-Type": type },
      body: method === "GET" ? undefined : body,
    }));
}

/** Statuses that the contract allows as the answer, in the order in which a request is looked at. */
export function allowedStatuses(role: FuzzedRole, token: string, request: HttpRequest): readonly number[] {
  const { method, path, headers, body = "" } = request;
  const routes: readonly (readonly [string, string])[] = ROUTES[role];
  const host = (headers["Host"] ?? "").replace(/:\d+$/, "");
  if (!["127.0.0.1", "localhost", "[::1]"].includes(host)) return [403, 400];
  const isKnown = routes.some(([, known]) => known === path);
  const isPanicView = role === "emergency-exit-worker" && path.startsWith("/v1/panic/");
  if (isPanicView) return method === "GET" ? [404, 200] : [405];
  if (!isKnown) return [404];
  if (!routes.some(([known, at]) => known === method && at === path)) return [405];
  if (method === "GET") return path === "/healthz" || path === "/readyz" ? [200, 503] : [200];
  const bearer = /^bearer +(\S+)$/i.exec(headers["Authorization"] ?? "")?.[1];
  if (bearer !== token) return [401];
  const operator = (headers["X-Operator"] ?? "").trim();
  if (operator.length < 1 || operator.length > 64) return [400];
  const size = Buffer.byteLength(body);
  if (size > 16 * 1024) return [413];
  const type = (headers["Content-Type"] ?? "").split(";", 1)[0];
  if (size > 0 && type !== "application/json") return [415];
  if (!isAllowedBody(method, path, body)) return [400];
  return path === "/v1/halt" ? [200, 409] : [200, 202];
}
