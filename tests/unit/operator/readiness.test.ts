import { afterAll, expect, test } from "bun:test";
import { readinessOf } from "../../../lib/operator/doctor/role-checks.ts";

const ROLE = { role: "execution", boot_id: "boot-1" };
let ready = true;
const server = Bun.serve({
  ...{ hostname: "127.0.0.1", port: 0 },
  fetch: (request) =>
    request.url.endsWith("/version")
      ? Response.json({ bootId: "boot-1", version: "1", git: "abc" })
      : Response.json(
          {
            ready,
            dependencies: [
              { name: "redis", ok: true, detail: "ready" },
              { name: "venue", ok: ready, detail: ready ? "connected" : "-2015 Invalid API-key" },
            ],
          },
          { status: ready ? 200 : 503 },
        ),
});
const url = `http://127.0.0.1:${server.port}`;
afterAll(() => server.stop(true));

test("a role that is ready is fine, one that waits is a fault in its own words", async () => {
  expect(await readinessOf({ role: ROLE, url })).toMatchObject([{ verdict: "ok", check: "execution" }]);
  ready = false;
  expect(await readinessOf({ role: ROLE, url })).toMatchObject([
    { verdict: "fault", what: "venue: -2015 Invalid API-key", hint: `curl -s ${url}/readyz` },
  ]);
});

test.each([
  ["another process answers there", { ...ROLE, boot_id: "boot-2" }, url],
  ["nobody answers there", ROLE, "http://127.0.0.1:1"],
])("nothing is said where %s", async (_, role, at) => {
  expect(await readinessOf({ role, url: at })).toEqual([]);
});
