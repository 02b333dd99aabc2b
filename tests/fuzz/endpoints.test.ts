/** Every endpoint of every compiled role, as anybody on the machine could call it. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { keysOf } from "../../lib/contract/keys.ts";
import { endpointTable } from "../../lib/paper/http/endpoint-table.ts";
import { SOAK_ROLES, type SoakStack, startSoakStack } from "../../scripts/soak/soak-stack.ts";
import { signedQuery } from "../support/paper-exchange.ts";
import { BINARIES } from "../support/pipeline.ts";
import { adminRequests, allowedStatuses, CONTROLS, isAllowedBody, MUTATIONS } from "./admin-requests.ts";
import { bytesLike, headerBytes, requestBytes } from "./byte-requests.ts";
import { fuzz, must } from "./fuzz.ts";
import { hostileText, jsonTexts } from "./hostile.ts";
import { httpBytes, type Place, type RawReply, rawCall } from "./raw-call.ts";

const ADMIN_PATH = /^\/(?:healthz|readyz|metrics|version|config|v1(?:\/.*)?)$/;
const folder = mkdtempSync(join(tmpdir(), "fuzz-endpoints-"));
/** Known before the stack is: inputs are made of it. */
const TOKEN = crypto.randomUUID();
let stack: SoakStack;
let pids: readonly (number | undefined)[];

beforeAll(async () => {
  stack = await startSoakStack({
    ...{ folder, binaries: BINARIES, keys: keysOf(""), seed: 1, prefilled: false, token: TOKEN },
  });
  pids = SOAK_ROLES.map((role) => stack.role(role).life()?.process.pid);
}, 120_000);

afterAll(async () => {
  await stack.stop();
  rmSync(folder, { recursive: true, force: true });
}, 120_000);

const placeOf = (role: (typeof SOAK_ROLES)[number]): Place => ({
  port: Number(new URL(stack.role(role).url).port),
});

/** No stack trace, no path of the binary, no token, and every refusal in the one form. */
function isClean(reply: RawReply): void {
  must(!/\n\s+at .*:\d+|\$bunfs|node_modules/.test(reply.body), "no stack trace", reply);
  must(!reply.body.includes(TOKEN) && !reply.head.includes(TOKEN), "no token", reply.body);
}

function isProblem(reply: RawReply): boolean {
  const body: unknown = JSON.parse(reply.body);
  if (typeof body !== "object" || body === null || !("error" in body)) return false;
  const { error } = body;
  if (typeof error !== "object" || error === null) return false;
  return ["code", "message", "hint"].every((name) => typeof Reflect.get(error, name) === "string");
}

for (const role of SOAK_ROLES) {
  fuzz(`${role} answers every request with the status of the contract, in its form, and tells no secret`, {
    input: adminRequests(role, TOKEN),
    check: async (request) => {
      // Everything else is the venue's, which answers in the venue's form.
      if (role === "paper-exchange" && !ADMIN_PATH.test(request.path)) return;
      const reply = await rawCall(placeOf(role), httpBytes(request));
      const allowed = allowedStatuses(role, TOKEN, request);
      must(allowed.includes(reply.status), `status of ${allowed.join(" or ")}`, { request, reply });
      isClean(reply);
      const shows = request.path === "/healthz" || request.path === "/readyz" || request.path === "/metrics";
      if (reply.status >= 400 && !(shows && reply.status === 503) && !reply.head.includes("text/plain"))
        must(isProblem(reply), "the form of an error", { request, reply });
    },
  });
}

fuzz("the panic socket takes panics alone", {
  share: 0.5,
  input: adminRequests("emergency-exit-worker", TOKEN).map((request) => ({
    ...request,
    method: "POST",
    path: "/v1/panic",
  })),
  check: async (request) => {
    const reply = await rawCall({ unix: stack.panicSocket }, httpBytes(request));
    const body = request.body ?? "";
    const type = (request.headers["Content-Type"] ?? "").split(";", 1)[0];
    // Without a host there is no URL, so no path that could be its only one.
    if (request.headers["Host"] === "") return must(reply.status === 404, "no path", reply);
    const expected =
      Buffer.byteLength(body) > 16 * 1024
        ? [413]
        : body !== "" && type !== "application/json"
          ? [415]
          : isAllowedBody("POST", "/v1/panic", body)
            ? [200, 202]
            : [400];
    must(expected.includes(reply.status), `status of ${expected.join(" or ")}`, { request, reply });
    isClean(reply);
  },
});

/** Every endpoint of the venue, and one that it does not have. */
const venuePaths = [...endpointTable().keys(), "GET /nowhere"];
const params = fc.dictionary(
  fc.constantFrom(
    "symbol",
    "side",
    "type",
    "quantity",
    "price",
    "limit",
    "interval",
    "startTime",
    "leverage",
    "orderId",
  ),
  fc.oneof(hostileText, fc.constantFrom("BTCUSDT", "BUY", "MARKET", "LIMIT", "1", "1m", "1000")),
  { maxKeys: 6 },
);

fuzz(
  "the paper exchange answers every request of its API in the venue's form, and never with an error of its own",
  {
    input: fc.record({ endpoint: fc.constantFrom(...venuePaths), params, signed: fc.boolean() }),
    check: async ({ endpoint, params: given, signed }) => {
      const [method = "GET", path = "/"] = endpoint.split(" ");
      const query = signed ? signedQuery(given) : new URLSearchParams(given).toString();
      const headers = { Host: "127.0.0.1", "X-MBX-APIKEY": "paper" };
      const target = `${path}?${query}`.slice(0, 8000);
      const reply = await rawCall(
        placeOf("paper-exchange"),
        httpBytes({ method, path: target, headers, body: undefined }),
      );
      must([200, 400, 401, 403, 404, 418, 429].includes(reply.status), "status", { endpoint, given, reply });
      must(typeof JSON.parse(reply.body) === "object", "JSON", reply);
      isClean(reply);
    },
  },
);

fuzz("the paper exchange's controls take what they are described to take, or refuse it", {
  share: 0.5,
  input: fc.record({
    control: fc.constantFrom(...CONTROLS),
    body: fc.oneof(
      jsonTexts({ symbol: "BTCUSDT", price: "100", hold: true, spreadBps: "1" }),
      jsonTexts({
        seed: "s",
        rules: [{ match: { path: "/fapi/v1/nowhere" }, effect: { kind: "lost_reply" } }],
      }),
      jsonTexts({ apiKey: "paper", apiSecret: "paper", valid: true }),
    ),
  }),
  check: async ({ control: [method, path], body }) => {
    const headers = { Host: "127.0.0.1", "Content-Type": "application/json" };
    const sent = method === "GET" ? undefined : body.slice(0, 60_000);
    const request = { method, path, headers, body: sent };
    const reply = await rawCall(placeOf("paper-exchange"), httpBytes(request));
    must(
      (reply.status >= 200 && reply.status < 300) || (reply.status >= 400 && reply.status < 500),
      "status",
      { request, reply },
    );
    isClean(reply);
  },
});

fuzz("a header or a body of bytes that are no text is refused, or read as what the schema allows", {
  share: 0.5,
  input: fc.record({
    mutation: fc.constantFrom(...MUTATIONS),
    header: fc.constantFrom("X-Operator", "Authorization", "Content-Type", "Cookie", "X-Anything"),
    value: headerBytes,
    body: bytesLike('{"engaged":true}', '{"ttl_sec":5}', '{"why":"fuzz"}', '{"event_id":"x","reason":"r"}'),
  }),
  check: async ({ mutation: [role, method, path], header, value, body }) => {
    const bytes = requestBytes({ method, path, token: TOKEN, extra: [header, value], body });
    const reply = await rawCall(placeOf(role), bytes);
    // A header that HTTP itself forbids may end the connection.
    const allowed = [0, 200, 202, 400, 401, 403, 409, 413, 415];
    must(allowed.includes(reply.status), `status of ${allowed.join(" or ")}`, { method, path, reply });
    if (reply.status === 200 || reply.status === 202)
      must(isAllowedBody(method, path, body.toString()), "a body that the schema allows", { path, reply });
    isClean(reply);
    const next = await rawCall(
      placeOf(role),
      httpBytes({ method: "GET", path: "/version", headers: { Host: "localhost" }, body: undefined }),
    );
    must(next.status === 200, "the next is answered", next);
  },
});

const lines = fc.array(
  fc.oneof(
    fc.constantFrom(
      "Host: 127.0.0.1",
      "Content-Length: -1",
      "Content-Length: 1e9",
      "Content-Length: 5",
      "Content-Length: 99999999999999999999",
    ),
    fc.constantFrom(
      "Transfer-Encoding: chunked",
      "Transfer-Encoding: gzip, chunked",
      "Expect: 100-continue",
      "Upgrade: websocket",
    ),
    fc.constantFrom(
      `X: ${"y".repeat(20_000)}`,
      " folded",
      "NoColon",
      ": empty",
      "Host: a\0b",
      "Content-Type: application/json",
    ),
    hostileText,
  ),
  { maxLength: 5 },
);
const first = fc.oneof(
  fc.constantFrom(
    "GET /healthz HTTP/1.1",
    "GET /healthz HTTP/9.9",
    "GET  HTTP/1.1",
    "GET /healthz",
    "PUT /v1/kill HTTP/1.1",
  ),
  fc.constantFrom(
    `GET /${"a".repeat(20_000)} HTTP/1.1`,
    "GET http://evil.example/ HTTP/1.1",
    "GET //x HTTP/1.1",
    "GET /%00%zz HTTP/1.1",
  ),
  hostileText,
);
const rawBytes = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(first, lines, hostileText)
      .map(([start, head, body]) => Buffer.from(`${start}\r\n${head.join("\r\n")}\r\n\r\n${body}`)),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)) },
);

fuzz("bytes that are no request harm nobody: what follows is answered", {
  share: 0.3,
  input: fc.record({ role: fc.constantFrom(...SOAK_ROLES), bytes: rawBytes }),
  check: async ({ role, bytes }) => {
    const place = placeOf(role);
    const garbage = rawCall(
      place,
      Buffer.concat([
        bytes,
        Buffer.from("\r\n\r\nGET /version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
      ]),
    );
    const healthy = await rawCall(
      place,
      httpBytes({ method: "GET", path: "/version", headers: { Host: "localhost" }, body: undefined }),
    );
    must(healthy.status === 200, "the next is answered", healthy);
    // Not waited for: who sends half a request is held until the server's own limit.
    void garbage.then(isClean);
  },
});

test("requests that are never finished keep nobody else from being answered", async () => {
  const held: { end(): void }[] = [];
  for (const role of SOAK_ROLES) {
    const { hostname, port } = new URL(stack.role(role).url);
    for (let count = 0; count < 100; count += 1) {
      const socket = await Bun.connect({ hostname, port: Number(port), socket: { data: () => {} } });
      socket.write("PUT /v1/kill HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\nX-Half: ");
      held.push(socket);
    }
    const reply = await rawCall(
      placeOf(role),
      httpBytes({ method: "GET", path: "/version", headers: { Host: "localhost" }, body: undefined }),
    );
    expect(reply.status).toBe(200);
  }
  for (const socket of held) socket.end();
}, 120_000);

test("after all of it every process is the same one, and says that it is well", async () => {
  expect(SOAK_ROLES.flatMap((role) => stack.role(role).surprises)).toEqual([]);
  expect(SOAK_ROLES.map((role) => stack.role(role).life()?.process.pid)).toEqual([...pids]);
  for (const role of SOAK_ROLES) {
    const { status } = await rawCall(
      placeOf(role),
      httpBytes({ method: "GET", path: "/healthz", headers: { Host: "localhost" }, body: undefined }),
    );
    expect(`${role} ${status}`).toBe(`${role} 200`);
  }
}, 120_000);
