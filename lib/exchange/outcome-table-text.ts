import { OUTCOME_TABLE, type OutcomeRow } from "./outcome-classes.ts";

/** The outcome table as a Markdown table, in order of precedence: for docs/. */
export function outcomeTableText(): string {
  const rows: readonly OutcomeRow[] = OUTCOME_TABLE;
  const lines = rows.map((row) =>
    [
      row.id,
      row.class,
      row.phase,
      row.retryable ? "yes" : "no",
      row.advice,
      answersOf(row),
      row.meaning,
    ].join(" | "),
  );
  return [
    "| Row | Class | Phase | Retryable | Advice | Answer | Meaning |",
    "|---|---|---|---|---|---|---|",
    ...lines.map((line) => `| ${line} |`),
    "",
  ].join("\n");
}

/** What the row matches, in one cell. */
function answersOf(row: OutcomeRow): string {
  const codes = row.codes?.map((code) => (typeof code === "number" ? `${code}` : `${code[1]} … ${code[0]}`));
  const parts = [
    row.transport?.join(", "),
    row.statuses && `HTTP ${row.statuses.join(", ")}`,
    codes?.join(", "),
    row.text && `"${row.text}"`,
  ];
  return parts.filter((part) => part !== undefined).join(" ") || "anything else";
}
