import type { SoakRecord } from "./soak-record.ts";
import type { Trend } from "./trend.ts";
import { STATED_BYTES, type Verdict, windowOf } from "./verdicts.ts";

/** Of keys for each of their causes, which are about one. */
const RATIO_DIGITS = 3;
const PROCESS_MEASURES = ["heap MiB", "RSS MiB", "private MiB", "descriptors"] as const;

/** The text of docs/soak.md. */
export function soakDocument(record: SoakRecord, verdicts: readonly Verdict[]): string {
  const { minutes, seed, rate, began, proof } = record;
  const { from, to } = windowOf(minutes);
  const [fromText, toText] = [from, to].map((value) => value.toFixed(0));
  return `${[
    "# Soak",
    "",
    `Written by \`bun run soak --minutes ${minutes.toFixed(0)} --seed ${seed} --write\`: every binary on one Redis (append-only file,`,
    `always), ${rate} decisions a second, and one fault after another: processes and Redis are killed and hung, connections`,
    "dropped, the venue answers as badly as it can. Prometheus' scrapes, an operator who clears halts, and recovery every 20 s",
    "run along. Streams start at their retention, and a day of a key's life is five minutes.",
    "",
    ...table(["", ""], [["Measured", began.slice(0, 10)], ...record.machine, ...figuresOf(proof.figures)]),
    "",
    ...problemLines(proof.problems),
    "",
    "## What is held",
    "",
    `Judged: minutes ${fromText} to ${toText}; faults that kill end at ${(minutes * 0.4).toFixed(0)}, and a process counts once it is 10 minutes old. In`,
    "brackets stands what a line through the window rises by, with its 95 % interval (Theil and Sen, over fifteen medians; of",
    "descriptors over fifteen lower quartiles: connections come and go above those that stay, and are missing for a moment",
    "after they were cut). The venue's descriptors are counted without its clients' connections, which are theirs, too.",
    "*flat*: the upper end is within what is allowed; *grows*: the lower end is above zero, and the rise above what is allowed.",
    ...(record.collected ? HEAP_METHOD : []),
    "",
    ...processTable(verdicts),
    "",
    "Two processes keep something by contract. It is stated and subtracted, so that only the rest must be flat:",
    "",
    ...[...STATED_BYTES].map(
      ([subject, { bytes, what }]) => `- ${subject}: ${bytes} bytes of heap for each ${what}.`,
    ),
    "",
    "![Memory and descriptors of every process](plots/soak-processes.svg)",
    "",
    "## Redis",
    "",
    "Keys that expire are as many as the load made in a day of theirs, and it comes in bursts: they are judged for each",
    "decision, or intent, of that day.",
    "",
    ...redisTable(verdicts),
    "",
    "![Keys, streams, pending entries and connections](plots/soak-redis.svg)",
  ].join("\n")}\n`;
}

const HEAP_METHOD = [
  "*In use* is the heap after a full collection, asked for through the runtime's inspector: once a minute the least of",
  "four, which leaves out what is in work at the moment. Left to itself a process collects rarely, and its resident memory",
  "rises for long before that says anything. The runtime's compilers are off (`BUN_JSC_useBaselineJIT=0`): what they keep of",
  "functions that become hot grows for more than an hour.",
];

function figuresOf(figures: Readonly<Record<string, number>>): readonly (readonly string[])[] {
  return Object.entries(figures)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => [name, String(count)]);
}

function problemLines(problems: readonly string[]): readonly string[] {
  if (problems.length === 0) {
    return [
      "Every intent has one result and at most one order, every stop its position, every undecodable decision its dead letter.",
    ];
  }
  return ["**What did not add up:**", "", ...problems.map((problem) => `- ${problem.split("\n")[0]}`)];
}

function processTable(verdicts: readonly Verdict[]): readonly string[] {
  const subjects = [...new Set(verdicts.map(({ subject }) => subject))].filter((name) => name !== "redis");
  const rows = subjects.map((subject) => {
    const cells = PROCESS_MEASURES.map((measure) => {
      const found = verdicts.find((one) => one.subject === subject && one.measure === measure);
      return found === undefined ? "" : cellOf(found.trend);
    });
    return [subject, ...cells];
  });
  return table(["Process", "In use, MiB", "Resident, MiB", "Anonymous, MiB", "Descriptors"], rows);
}

/** Redis' own measures; those of which there are many and little to see are one row. */
function redisTable(verdicts: readonly Verdict[]): readonly string[] {
  const own = verdicts.filter(({ subject }) => subject === "redis");
  const single = own.filter(({ measure }) => !/^(?:pending|connections)/.test(measure));
  const many = ["pending", "connections"].map((kind) => {
    const found = own.filter(({ measure }) => measure.startsWith(kind));
    const flat = found.filter(({ trend }) => trend?.verdict === "flat").length;
    return [
      kind === "pending" ? "pending entries, by group" : "connections, by name",
      `${flat} of ${found.length} *flat*`,
    ];
  });
  return table(
    ["Measure", ""],
    [
      ...single.map(({ measure, trend }) => [
        measure.replace("length of ", "length: "),
        cellOf(trend, measure.startsWith("keys for each") ? RATIO_DIGITS : 1),
      ]),
      ...many,
    ],
  );
}

function cellOf(trend: Trend | undefined, digits = 1): string {
  if (trend === undefined) return "too short";
  const { start, end, rise, riseLow, riseHigh, verdict } = trend;
  const [from, to, by, low, high] = [start, end, rise, riseLow, riseHigh].map((value) =>
    shortNumber(value, digits),
  );
  return `${from} → ${to} (${by}: ${low} to ${high}) *${verdict}*`;
}

function shortNumber(value: number, digits: number): string {
  const text = value.toFixed(Math.abs(value) >= 1000 ? 0 : digits).replace("-", "−");
  return /^−?0\.0+$/.test(text) ? "0" : text;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), `|${head.map(() => "---").join("|")}|`, ...rows.map(line)];
}
