import Big from "big.js";
import { Hono } from "hono";
import pino from "pino";
import { Gauge, Registry } from "prom-client";
import { z } from "zod";
import { openNotifySocket } from "../../../lib/daemon/notify-socket.ts";

/** What every floor does: each package once, and nothing with it; `connect` brings the client of Redis. */
export async function runFloor(connect: (redisUrl: string) => Promise<void>): Promise<void> {
  const environment = z
    .object({ REDIS_URL: z.string(), NOTIFY_SOCKET: z.string().optional() })
    .parse(Bun.env);
  const registry = new Registry();
  new Gauge({ name: "floor_value", help: "One value.", registers: [registry] }).set(
    new Big("0.1").plus("0.2").toNumber(),
  );
  await connect(environment.REDIS_URL);
  const app = new Hono();
  app.get("/healthz", (context) => context.json({ ok: true }));
  app.get("/metrics", async (context) => context.text(await registry.metrics()));
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, development: false, fetch: app.fetch });
  pino({ level: "info" }).info({ port: server.port }, "started");
  process.on("SIGTERM", () => process.exit(0));
  if (environment.NOTIFY_SOCKET !== undefined) (await openNotifySocket(environment.NOTIFY_SOCKET))("READY=1");
}
