import { readFileSync } from "node:fs";
import { createClient } from "@redis/client";
import type { RedisEye } from "../../../scripts/stack/redis-process.ts";

const CREDENTIALS = "/etc/quantum/credentials";

/** A connection as one of the Redis users that install.sh made; raw replies. */
export async function redisEyeOf(user: string): Promise<RedisEye> {
  const url = readFileSync(`${CREDENTIALS}/redis-url-${user}`, "utf8").trim();
  const client = createClient({ RESP: 2, url, socket: { reconnectStrategy: 50 } });
  client.on("error", () => {});
  await client.connect();
  return { command: (...args) => client.sendCommand(args), close: () => client.destroy() };
}
