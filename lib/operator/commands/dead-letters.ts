import { z } from "zod";
import { EXIT_CODES } from "../../contract/exit-codes.ts";
import { parseJson } from "../../contract/json-text.ts";
import { deadLetterStreamOf, type Keys } from "../../contract/keys.ts";
import { transaction } from "../../redis/transaction.ts";
import { auditCommand } from "../audit-command.ts";
import { columns } from "../columns.ts";
import { operatorCommand, type Report } from "../command.ts";
import type { CommandContext } from "../command-context.ts";
import { countOption } from "../count-option.ts";
import { newestEntries } from "../read-streams.ts";

/** The streams whose readers may put an entry aside, by the word an operator types. */
function sourceStreams(keys: Keys) {
  return {
    decisions: keys.decisionStream,
    intents: keys.intentStream,
    exits: keys.exitIntentStream,
  } as const;
}
const SOURCES = ["decisions", "intents", "exits"] as const;
type Source = (typeof SOURCES)[number];

const streamOption = z.enum(SOURCES, `one of ${SOURCES.join(", ")}`);
const entryId = z.string().regex(/^\d{1,16}-\d{1,10}$/, "an entry's id, such as 1700000000000-0");

export const deadLettersCommand = operatorCommand({
  path: "dlq list",
  summary: "entries that no reader could handle",
  options: [["--count <n>", "newest of each stream, 1 to 1000 (20)"]],
  input: z.object({ count: countOption }),
  async run(context, { count }) {
    const found = await Promise.all(
      SOURCES.map(async (source) => {
        const stream = deadLetterStreamOf(sourceStreams(context.keys)[source]);
        const entries = await newestEntries(context.redis, stream, Number(count));
        return entries.map(({ id, fields }) => asListed(source, id, fields));
      }),
    );
    const json = found.flat();
    const rows = json.map((one) => [one.source, one.id, one.reason.slice(0, 60), one.raw.slice(0, 60)]);
    return { json, lines: rows.length === 0 ? ["no dead letters"] : columns(rows) };
  },
});

export const deadLetterShowCommand = operatorCommand({
  path: "dlq show",
  summary: "one dead letter in full",
  parameters: [
    ["<stream>", SOURCES.join(" | ")],
    ["<id>", "its id in the dead-letter stream"],
  ],
  input: z.object({ stream: streamOption, id: entryId }),
  async run(context, { stream, id }) {
    const letter = await readLetter(context, stream, id);
    if (letter === undefined) return absent(id);
    return { json: asListed(stream, id, letter), lines: columns(Object.entries(letter)) };
  },
});

export const deadLetterRetryCommand = operatorCommand({
  path: "dlq retry",
  summary: "put a dead letter back into its stream, as a new entry",
  parameters: [
    ["<stream>", SOURCES.join(" | ")],
    ["<id>", "its id in the dead-letter stream"],
  ],
  input: z.object({ stream: streamOption, id: entryId }),
  question: ({ stream, id }) => `Put ${id} back into ${stream}? Its reader's own checks (age, dedup) apply.`,
  async run(context, { stream, id }) {
    const letter = await readLetter(context, stream, id);
    if (letter === undefined) return absent(id);
    const fields = rawFields(letter["raw"] ?? "");
    if (fields === undefined) {
      return {
        json: { retried: false, why: "the raw entry is not a record of fields" },
        lines: ["refused: its raw text is not a record of fields, so it cannot be put back as it was"],
        exitCode: EXIT_CODES.crash,
      };
    }
    const source = sourceStreams(context.keys)[stream];
    const [entry] = await transaction(context.redis, [
      ["XADD", source, "*", ...Object.entries(fields).flat()],
      ["XDEL", deadLetterStreamOf(source), id],
      auditCommand(context, { what: `dead letter ${id} of ${stream} put back` }),
    ]);
    return { json: { retried: true, entry }, lines: [`put back as ${String(entry)}`] };
  },
});

export const deadLetterDropCommand = operatorCommand({
  path: "dlq drop",
  summary: "delete a dead letter",
  parameters: [
    ["<stream>", SOURCES.join(" | ")],
    ["<id>", "its id in the dead-letter stream"],
  ],
  input: z.object({ stream: streamOption, id: entryId }),
  question: ({ stream, id }) => `Delete dead letter ${id} of ${stream}?`,
  async run(context, { stream, id }) {
    if ((await readLetter(context, stream, id)) === undefined) return absent(id);
    await transaction(context.redis, [
      ["XDEL", deadLetterStreamOf(sourceStreams(context.keys)[stream]), id],
      auditCommand(context, { what: `dead letter ${id} of ${stream} dropped` }),
    ]);
    return { json: { dropped: true }, lines: ["dropped"] };
  },
});

/** `id` is the dead letter's own; the entry it was made of is `entry_id`. */
function asListed(source: Source, id: string, fields: Readonly<Record<string, string>>) {
  return {
    ...{ source, id },
    ...{ entry_id: fields["id"] ?? "", reason: fields["reason"] ?? "", raw: fields["raw"] ?? "" },
    ts: fields["ts"] ?? "",
  };
}

async function readLetter(
  context: CommandContext,
  source: Source,
  id: string,
): Promise<Readonly<Record<string, string>> | undefined> {
  const stream = deadLetterStreamOf(sourceStreams(context.keys)[source]);
  const reply = await context.redis.command(["XRANGE", stream, id, id]);
  const entry = Array.isArray(reply) ? reply[0] : undefined;
  const flat: readonly unknown[] = Array.isArray(entry) && Array.isArray(entry[1]) ? entry[1] : [];
  if (flat.length === 0) return undefined;
  return Object.fromEntries(
    flat.flatMap((name, at) => (at % 2 === 0 ? [[String(name), String(flat[at + 1] ?? "")]] : [])),
  );
}

/** The entry's fields as its reader put them aside: one JSON record. */
function rawFields(raw: string): Readonly<Record<string, string>> | undefined {
  const parsed = z.record(z.string(), z.string()).safeParse(parseJson(raw));
  return parsed.success && Object.keys(parsed.data).length > 0 ? parsed.data : undefined;
}

function absent(id: string): Report {
  return {
    json: { found: false, id },
    lines: [`no dead letter has the id ${id}`],
    exitCode: EXIT_CODES.crash,
  };
}
