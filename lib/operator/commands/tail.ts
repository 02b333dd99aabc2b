import { styleText } from "node:util";
import { z } from "zod";
import type { Keys } from "../../contract/keys.ts";
import { operatorCommand } from "../command.ts";
import type { Desk } from "../desk.ts";
import { entriesAfter, newestEntries } from "../read-streams.ts";

type Colour = "cyan" | "green" | "yellow" | "red" | "magenta" | "blue" | "gray";

/** What can be followed, by the word an operator types. */
function followed(keys: Keys): Readonly<Record<string, readonly [stream: string, colour: Colour]>> {
  return {
    decisions: [keys.decisionStream, "gray"],
    intents: [keys.intentStream, "cyan"],
    exits: [keys.exitIntentStream, "blue"],
    results: [keys.resultStream, "green"],
    faults: [keys.faultStream, "yellow"],
    audit: [keys.auditStream, "magenta"],
    panics: [keys.panicStream, "red"],
    completions: [keys.panicCompletedStream, "red"],
    heartbeats: [keys.heartbeatStream, "gray"],
  };
}
const DEFAULTS = ["intents", "exits", "results", "faults", "audit", "panics", "completions"];
const POLL_MS = 200;

/** Prints streams as they come. Polls with short reads: nothing blocks, nothing is acknowledged. */
export const tailCommand = operatorCommand({
  path: "tail",
  summary: "follow the streams as they come",
  parameters: [["[streams...]", `which (${DEFAULTS.join(" ")})`]],
  options: [["--for <seconds>", "stop by itself; default: until interrupted"]],
  input: z.object({
    streams: z.array(z.string()).default([]),
    for: z
      .string()
      .regex(/^[1-9]\d{0,6}$/, "a whole number of seconds")
      .optional(),
  }),
  async run(desk, input) {
    const known = followed(desk.keys);
    const names = input.streams.length === 0 ? DEFAULTS : input.streams;
    const unknown = names.filter((name) => known[name] === undefined);
    if (unknown.length > 0)
      throw new RangeError(`unknown: ${unknown.join(", ")}; known: ${Object.keys(known).join(", ")}`);
    const until =
      input.for === undefined
        ? Number.POSITIVE_INFINITY
        : desk.clock.monotonicMs() + Number(input.for) * 1000;
    const printed = await follow(
      desk,
      names.flatMap((name) => spread(name, known[name])),
      until,
    );
    return { json: { printed }, lines: [] };
  },
});

interface Followed {
  readonly name: string;
  readonly stream: string;
  readonly colour: Colour;
}

function spread(name: string, one: readonly [string, Colour] | undefined): readonly Followed[] {
  return one === undefined ? [] : [{ name, stream: one[0], colour: one[1] }];
}

async function follow(desk: Desk, streams: readonly Followed[], until: number): Promise<number> {
  const after = new Map<string, string>();
  for (const { stream } of streams) {
    const [newest] = await newestEntries(desk.redis, stream, 1);
    after.set(stream, newest?.id ?? "0-0");
  }
  let printed = 0;
  while (!desk.signal.aborted && desk.clock.monotonicMs() < until) {
    for (const { name, stream, colour } of streams) {
      const page = await entriesAfter(desk.redis, stream, { id: after.get(stream) ?? "0-0", count: 100 });
      for (const { id, fields } of page) {
        after.set(stream, id);
        printed += 1;
        desk.print(`${id} ${styleText(colour, name.padEnd(11))} ${lineOf(fields)}`);
      }
    }
    await desk.clock.sleep(POLL_MS, desk.signal);
  }
  return printed;
}

function lineOf(fields: Readonly<Record<string, string>>): string {
  const body = fields["data"] ?? fields["payload"];
  return (
    body ??
    Object.entries(fields)
      .map(([name, value]) => `${name}=${value}`)
      .join(" ")
  );
}
