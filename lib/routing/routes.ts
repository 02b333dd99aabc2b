import { type Context, Hono } from "hono";
import { z } from "zod";
import type { Keys } from "../contract/keys.ts";
import { countQuery, jsonBody, operatorOf } from "../daemon/admin-request.ts";
import type { AdmissionLimits } from "../kernel/admit.ts";
import type { FunctionCaller } from "../kernel/function-call.ts";
import { setSwitch } from "../kernel/switches.ts";
import { readFaults, readGovernor, readKill, readRates, readSafeMode } from "./safety-state.ts";

export interface RouterRouteParts {
  readonly redis: FunctionCaller;
  readonly keys: Keys;
  readonly limits: AdmissionLimits;
  readonly instance: string;
}

const safeModeBody = z.strictObject({
  /** Seconds; absent or null keeps it on until it is cleared. */
  ttl_sec: z.number().int().min(1).max(31_536_000).nullish(),
});
const killBody = z.strictObject({
  /** true stops entries; false arms trading. */
  engaged: z.boolean(),
});
/**
 * The router's endpoints under /v1. Every mutation and its audit entry are one call on the server, so that
 * neither can be without the other.
 */
export function routerRoutes(parts: RouterRouteParts): Hono {
  const { redis, keys, limits } = parts;
  const change = (context: Context, to: { key: string; value?: string; ttlSec?: number; what: string }) =>
    setSwitch(redis, keys, {
      key: to.key,
      value: to.value,
      ttlSec: to.ttlSec ?? 0,
      role: "ai-strategy-router",
      instance: parts.instance,
      who: operatorOf(context),
      what: to.what,
    });
  const app = new Hono();
  app.get("/safe-mode", async (context) => context.json(await readSafeMode(redis, keys)));
  app.put("/safe-mode", async (context) => {
    const body = await jsonBody(context, safeModeBody);
    await change(context, {
      key: keys.safeMode,
      value: "1",
      ttlSec: body.ttl_sec ?? 0,
      what: "safe mode on",
    });
    return context.json(await readSafeMode(redis, keys));
  });
  app.delete("/safe-mode", async (context) => {
    await change(context, { key: keys.safeMode, what: "safe mode off" });
    return context.json(await readSafeMode(redis, keys));
  });
  app.get("/kill", async (context) => context.json(await readKill(redis, keys)));
  app.put("/kill", async (context) => {
    const { engaged } = await jsonBody(context, killBody);
    const what = engaged ? "kill switch engaged" : "trading armed";
    await change(context, { key: keys.kill, value: engaged ? "1" : "0", what });
    return context.json(await readKill(redis, keys));
  });
  app.get("/rates", async (context) => context.json(await readRates(redis, keys, limits)));
  app.get("/governor", async (context) => context.json(await readGovernor(redis, keys, limits)));
  app.get("/faults", async (context) => context.json(await readFaults(redis, keys, countQuery(context))));
  return app;
}
