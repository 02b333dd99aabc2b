import { afterAll, describe, expect, test } from "bun:test";
import { presenceOf, readinessOf } from "../../../lib/operator/doctor/role-checks.ts";

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

describe("who has to be there", () => {
  const alive = (role: string, beat_age_ms = 4000) => ({ role, instance: "h1", beat_age_ms });
  const all = [
    "ai-strategy-router",
    "execution",
    "exit-brain",
    "exit-brain-watchdog",
    "emergency-exit-worker",
  ];

  test("is said to be, where it is", () => {
    expect(presenceOf(all.map((role) => alive(role)))).toMatchObject([{ verdict: "ok", what: "5 alive" }]);
  });

  test.each(all)("%s is a fault where it is not", (role) => {
    const others = all.filter((one) => one !== role).map((one) => alive(one));
    expect(presenceOf(others)).toMatchObject([
      { verdict: "fault", check: role, what: "is not alive", hint: expect.stringContaining(role) },
    ]);
  });

  test("a role that hangs is a fault before its key goes", () => {
    const roles = all.map((role) => alive(role, role === "execution" ? 16_000 : 4000));
    expect(presenceOf(roles)).toMatchObject([
      { verdict: "fault", check: "execution", what: expect.stringContaining("16 s") },
    ]);
  });
});
