/**
 * The floor of start and footprint: a program with the daemons' packages that does nothing with them but
 * connect to Redis, serve /healthz and say READY=1. What a daemon needs beyond it is ours.
 */
import { createClient } from "@redis/client";
import { runFloor } from "./run-floor.ts";

void runFloor(async (url) => {
  const redis = createClient({ RESP: 2, url });
  redis.on("error", () => process.exit(1));
  await redis.connect();
});
