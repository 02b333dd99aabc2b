import type { BenchRedis } from "../workbench.ts";

/** Processor time that the server's main thread has used so far, user and system, ms: exact to microseconds. */
export async function serverTimeMs(redis: Pick<BenchRedis, "eye">): Promise<number> {
  const text = String(await redis.eye.command("INFO", "cpu"));
  const seconds = (name: string) => Number(new RegExp(`^${name}:([\\d.]+)`, "m").exec(text)?.[1]);
  return 1000 * (seconds("used_cpu_user_main_thread") + seconds("used_cpu_sys_main_thread"));
}
