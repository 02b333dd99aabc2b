import { parseArgs } from "node:util";
import { z } from "zod";

export const PANIC_TEST_HELP = `bun run panic:test [options]

Publishes a panic with a new event id, as ops, and waits for its completion: EVERY position of the account is
closed at market and trading stays halted until an operator clears it.

  --reason <text>       stands in the panic stream and in the halt (PANIC_TEST)
  --wait <seconds>      how long to wait until flat (30)
  --worker-url <url>    the emergency exit worker's admin address, asked for the first close
                        (http://127.0.0.1:9104)
  --yes                 do not ask
  --live                allow it although TRADING_MODE is LIVE
  --help                this text

Redis and mode come from the environment, as for every daemon: TRADING_MODE, REDIS_URL, QUANTUM_NAMESPACE.

Exit codes: 0 flat, or joined to a panic that runs · 1 refused, or not confirmed · 75 Redis is not there ·
76 not flat, or no completion in time · 78 configuration, or LIVE without --live`;

const optionsSchema = z.strictObject({
  reason: z.string().min(1).max(512).default("PANIC_TEST"),
  wait: z
    .string()
    .regex(/^\d{1,4}$/, "--wait takes whole seconds")
    .default("30")
    .transform(Number),
  "worker-url": z.url({ protocol: /^http$/ }).default("http://127.0.0.1:9104"),
  yes: z.boolean().default(false),
  live: z.boolean().default(false),
  help: z.boolean().default(false),
});
export type PanicTestOptions = z.output<typeof optionsSchema>;

/** The options, or in plain words what is wrong with them. */
export function panicTestOptions(args: readonly string[]): PanicTestOptions | string {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { reason: text, wait: text, "worker-url": text, yes: flag, live: flag, help: flag },
    });
    const parsed = optionsSchema.safeParse(values);
    if (parsed.success) return parsed.data;
    return parsed.error.issues.map(({ path, message }) => `--${path.join(".")}: ${message}`).join("; ");
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
