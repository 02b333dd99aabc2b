import { expect, test } from "bun:test";
import { Hono } from "hono";
import { keysOf } from "../../../lib/contract/keys.ts";
import { AdminError, countQuery } from "../../../lib/daemon/admin-request.ts";
import { executionRoutes } from "../../../lib/execution/routes.ts";
import type { AdmissionLimits } from "../../../lib/kernel/admit.ts";
import { routerRoutes } from "../../../lib/routing/routes.ts";

const codesOf = (app: Hono) =>
  app.onError((error, context) => {
    if (error instanceof AdminError) return context.json({ code: error.code }, error.status);
    return context.json({ code: error.name }, 500);
  });

test.each([
  ["", 20],
  ["?count=1", 1],
  ["?count=0007", 7],
  ["?count=9999", 1000],
])("%p asks for %d", async (query, count) => {
  const app = codesOf(new Hono().get("/", (context) => context.json(countQuery(context))));
  expect(await (await app.request(`/${query}`)).json()).toBe(count);
});

const redis = {
  command: () => Promise.resolve([]),
  serverNowMs: () => 0,
  deadlineMs: 1000,
};
const keys = keysOf("");
const limits = {
  ...{ windowSec: 10, window: "sliding" as const, globalMax: 1, symbolMax: 1, cooldownSec: 1, dailyMax: 1 },
  ...{ backlogMax: 1, routerPid: 1 },
} satisfies AdmissionLimits;
const ROUTES = {
  "/faults": () => routerRoutes({ redis, keys, limits, instance: "i" }),
  "/results": () => executionRoutes({ redis, keys, resultStream: keys.resultStream }),
} as const;

for (const path of ["/faults", "/results"] as const) {
  test.each([
    "?count=abc",
    "?count=",
    "?count=0",
    "?count=-1",
    "?count=1.5",
    "?count=10000",
    "?count=1&count=2",
    "?cuont=5",
  ])(`${path}%s is refused instead of answered with the default`, async (query) => {
    const response = await codesOf(ROUTES[path]()).request(path + query);
    expect({ status: response.status, body: await response.json() }).toEqual({
      status: 400,
      body: { code: "BAD_QUERY" },
    });
  });
}
