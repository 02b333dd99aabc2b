import { z } from "zod";
import { haltFileStands } from "../../daemon/halt-file.ts";
import { ensureLibrary, LibraryMismatchError } from "../../kernel/library.ts";
import { setSwitch } from "../../kernel/switches.ts";
import { isRedisError, RedisReplyError } from "../../redis/redis-errors.ts";
import { auditCommand } from "../audit-command.ts";
import { operatorCommand } from "../command.ts";
import type { CommandContext } from "../command-context.ts";
import { readHalt, readSafeMode, readText } from "../read-safety.ts";

interface SwitchChange {
  readonly key: string;
  readonly value: string | undefined;
  readonly ttlSec: number;
  readonly what: string;
}

async function change(context: CommandContext, to: SwitchChange): Promise<string> {
  await ensureLibrary(context.redis);
  const { instance, who } = context;
  return await setSwitch(context.redis, context.keys, { ...to, role: "quantumctl", instance, who });
}

/**
 * A change that stops entries: it must not fail for the sake of functions that were altered or are another release's, nor
 * of an audit stream that is none.
 */
async function stop(context: CommandContext, to: SwitchChange & { readonly value: string }): Promise<string> {
  try {
    return await change(context, to);
  } catch (error) {
    const refused = error instanceof RedisReplyError && !error.transient;
    if (!(refused || error instanceof LibraryMismatchError)) throw error;
    context.print(`set without the server-side functions: ${error.message}`);
    const before = (await readText(context, to.key)) ?? "";
    const ttl = to.ttlSec > 0 ? ["EX", String(to.ttlSec)] : [];
    await context.redis.command(["SET", to.key, to.value, ...ttl]);
    await record(context, to, before === "" ? "(absent)" : before);
    return before;
  }
}

async function record(context: CommandContext, to: SwitchChange, before: string): Promise<void> {
  const entry = auditCommand(context, { what: to.what, before, after: to.value ?? "" });
  try {
    await context.redis.command([...entry, "ttl_sec", String(to.ttlSec)]);
  } catch (error) {
    if (!isRedisError(error)) throw error;
    context.print(`it is set, and not in the audit stream: ${error.message}`);
  }
}

const nothing = z.object({});

/** Arms trading: entries pass the kill switch from now on. */
export const armCommand = operatorCommand({
  path: "arm",
  summary: "arm trading: entries may be opened (sets the kill switch to 0)",
  input: nothing,
  question: () => "Arm trading, so that entries may be opened?",
  async run(context) {
    const { kill } = context.keys;
    const before = await change(context, { key: kill, value: "0", ttlSec: 0, what: "trading armed" });
    const halted = (await readHalt(context)).halted || haltFileStands(context.haltFile);
    const safeMode = await readSafeMode(context);
    return {
      json: { armed: true, before, halted, safe_mode: safeMode.on },
      lines: [
        `armed (kill switch was ${before === "" ? "absent" : before})`,
        ...(halted ? ["still halted after a panic: quantumctl halt status"] : []),
        ...(safeMode.on ? ["safe mode is still on: quantumctl safe-mode status"] : []),
      ],
    };
  },
});

/** Engages the kill switch: no entry from now on, exits go on. */
export const killCommand = operatorCommand({
  path: "kill",
  summary: "engage the kill switch: no entries; exits go on",
  input: nothing,
  question: () => "Stop all entries? Open positions stay open and guarded.",
  async run(context) {
    const { kill } = context.keys;
    const before = await stop(context, { key: kill, value: "1", ttlSec: 0, what: "kill switch engaged" });
    return {
      json: { armed: false, before },
      lines: [`killed: entries are denied (kill switch was ${before === "" ? "absent" : before})`],
    };
  },
});

export const safeModeOnCommand = operatorCommand({
  path: "safe-mode on",
  summary: "open the circuit breaker by hand",
  options: [["--ttl <seconds>", "end it by itself after this long; default: until it is cleared"]],
  input: z.object({
    ttl: z
      .string()
      .regex(/^[1-9]\d{0,7}$/, "a whole number of seconds, 1 or more")
      .transform(Number)
      .optional(),
  }),
  question: ({ ttl }) => `Deny entries ${ttl === undefined ? "until safe mode is cleared" : `for ${ttl} s`}?`,
  async run(context, { ttl }) {
    await stop(context, { key: context.keys.safeMode, value: "1", ttlSec: ttl ?? 0, what: "safe mode on" });
    return { json: { on: true, ttl_sec: ttl ?? null }, lines: ["safe mode is on: entries are denied"] };
  },
});

export const safeModeOffCommand = operatorCommand({
  path: "safe-mode off",
  summary: "close the circuit breaker",
  input: nothing,
  question: () => "End safe mode, so that entries may be opened?",
  async run(context) {
    await change(context, { key: context.keys.safeMode, value: undefined, ttlSec: 0, what: "safe mode off" });
    return { json: { on: false, ttl_sec: null }, lines: ["safe mode is off"] };
  },
});

export const safeModeStatusCommand = operatorCommand({
  path: "safe-mode status",
  summary: "whether the circuit breaker is open, and for how long",
  input: nothing,
  async run(context) {
    const state = await readSafeMode(context);
    const until = state.ttl_sec === null ? "until it is cleared" : `for another ${state.ttl_sec} s`;
    return { json: state, lines: [state.on ? `safe mode is on ${until}` : "safe mode is off"] };
  },
});
