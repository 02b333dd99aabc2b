import { styleText } from "node:util";
import { z } from "zod";
import type { Keys } from "../../contract/keys.ts";
import { entryTimeMs } from "../../redis/entry-time.ts";
import { isRedisOutage } from "../../redis/redis-errors.ts";
import type { StreamEntry } from "../../redis/stream-entry.ts";
import { operatorCommand } from "../command.ts";
import type { CommandContext } from "../command-context.ts";
import { entriesAfter, newestEntries } from "../read-streams.ts";

type Colour = "cyan" | "green" | "yellow" | "red" | "magenta" | "blue" | "gray";

/** What can be followed, by the word an operator types. */
const FOLLOWED = {
  decisions: ["decisionStream", "gray"],
  intents: ["intentStream", "cyan"],
  exits: ["exitIntentStream", "blue"],
  results: ["resultStream", "green"],
  faults: ["faultStream", "yellow"],
  audit: ["auditStream", "magenta"],
  panics: ["panicStream", "red"],
  completions: ["panicCompletedStream", "red"],
  heartbeats: ["heartbeatStream", "gray"],
} as const satisfies Record<string, readonly [keyof Keys, Colour]>;
type Followed = keyof typeof FOLLOWED;

const NAMES = [
  ...["decisions", "intents", "exits", "results", "faults", "audit", "panics", "completions"],
  "heartbeats",
] as const satisfies readonly Followed[];
const DEFAULTS: readonly Followed[] = NAMES.filter((name) => name !== "decisions" && name !== "heartbeats");
const POLL_MS = 200;
const PAGE = 100;

/** Prints streams as they come. Polls with short reads: nothing blocks, nothing is acknowledged. */
export const tailCommand = operatorCommand({
  path: "tail",
  summary: "follow the streams as they come",
  parameters: [["[streams...]", `default: ${DEFAULTS.join(" ")}`, NAMES]],
  options: [["--for <seconds>", "stop by itself; default: until interrupted"]],
  notes: "Goes on when Redis was away. Under --json each entry is one document on a line of its own.",
  input: z.object({
    streams: z.array(z.enum(NAMES)).default([]),
    for: z
      .string()
      .regex(/^[1-9]\d{0,6}$/, "a whole number of seconds")
      .optional(),
  }),
  async run(context, input) {
    const names = input.streams.length === 0 ? DEFAULTS : input.streams;
    const forMs = input.for === undefined ? Number.POSITIVE_INFINITY : Number(input.for) * 1000;
    await follow(context, [...new Set(names)], context.clock.monotonicMs() + forMs);
    return { json: undefined, lines: [] };
  },
});

async function follow(context: CommandContext, names: readonly Followed[], until: number): Promise<void> {
  const after = new Map<Followed, string>();
  let away = false;
  while (!context.signal.aborted && context.clock.monotonicMs() < until) {
    try {
      for (const name of names) await showNew(context, name, after);
      if (away) context.print("Redis is back");
      away = false;
    } catch (error) {
      if (!isRedisOutage(error)) throw error;
      if (!away) context.print(`Redis is away: ${error instanceof Error ? error.message : String(error)}`);
      away = true;
    }
    await context.clock.sleep(POLL_MS, context.signal);
  }
}

/** Shows what came since the last look; the first look only finds out where the stream ends. */
async function showNew(context: CommandContext, name: Followed, after: Map<Followed, string>): Promise<void> {
  const [key, colour] = FOLLOWED[name];
  const stream = context.keys[key];
  const seen = after.get(name);
  if (seen === undefined) {
    const [newest] = await newestEntries(context.redis, stream, 1);
    after.set(name, newest?.id ?? "0-0");
    return;
  }
  for (const entry of await entriesAfter(context.redis, stream, { id: seen, count: PAGE })) {
    after.set(name, entry.id);
    const at = new Date(entryTimeMs(entry.id)).toISOString().slice(11, 23);
    const line = `${at} ${styleText(colour, name.padEnd(11))} ${lineOf(entry.fields)}`;
    context.show(line, { stream: name, id: entry.id, fields: entry.fields });
  }
}

function lineOf(fields: StreamEntry["fields"]): string {
  const words = Object.entries(fields).map(([name, value]) => `${name}=${value}`);
  return fields["data"] ?? fields["payload"] ?? words.join(" ");
}
