import type { Hono } from "hono";
import { Registry } from "prom-client";
import { createAdminApp } from "../../../lib/daemon/admin-app.ts";
import type { DaemonContext, DaemonParts } from "../../../lib/daemon/daemon-spec.ts";
import { Secret } from "../../../lib/daemon/secret.ts";

/** What every role's admin server is told by who may change something. */
export const ADMIN_TOKEN = "simulated-token-of-this-role";

const BEAT_AGE_MS_MAX = 10_000;

/** The admin application around a role's own routes, with every rule of it: host, token, operator, body. */
export function adminApplication(
  parts: DaemonParts,
  process: Pick<DaemonContext<object>, "role" | "instance" | "log"> & {
    readonly nowMs: () => number;
    readonly beatAgeMs: () => number;
  },
): Hono {
  const { audit } = parts;
  return createAdminApp({
    role: process.role,
    instance: process.instance,
    token: new Secret(ADMIN_TOKEN),
    registry: new Registry(),
    log: process.log,
    nowMs: process.nowMs,
    settings: {},
    health: () => {
      const beatAgeMs = Math.round(process.beatAgeMs());
      return { ok: beatAgeMs <= BEAT_AGE_MS_MAX, beatAgeMs, beatAgeMsMax: BEAT_AGE_MS_MAX };
    },
    dependencies: () => parts.dependencies(),
    version: () => ({}),
    routes: parts.routes,
    audit: audit === undefined ? undefined : (entry) => audit(entry),
  });
}
