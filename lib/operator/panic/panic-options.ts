import { z } from "zod";
import { ROLES } from "../../contract/roles.ts";

const WORKER_URL = `http://127.0.0.1:${ROLES["emergency-exit-worker"].adminPort}`;

/** Options that every command has which waits for the end of a panic. */
export const PANIC_OPTIONS = [
  ["--wait <seconds>", "how long to wait until flat (30)"],
  ["--worker-url <url>", `the worker's admin address, asked for the first close (${WORKER_URL})`],
] as const;

export const panicOptions = {
  wait: z
    .string()
    .regex(/^\d{1,4}$/, "a whole number of seconds")
    .default("30")
    .transform(Number),
  workerUrl: z
    .url({ protocol: /^http$/, error: "an http address" })
    .default(WORKER_URL)
    .transform((url) => url.replace(/\/+$/, "")),
} as const;
