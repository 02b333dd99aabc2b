import { z } from "zod";
import type { ExecutionResult } from "../../lib/contract/execution-result.ts";
import type { PipelineRecord, Reconciliation } from "../stack/reconcile.ts";

export interface ReportInput {
  readonly fed: number;
  readonly router: ReadonlyMap<string, number>;
  readonly record: PipelineRecord;
  readonly reconciled: Reconciliation;
  readonly account: PaperAccount;
}

/** What the report takes from `GET /paper/state`. */
export const paperAccountSchema = z.looseObject({
  positions: z.array(
    z.looseObject({ symbol: z.string(), positionAmt: z.string(), unRealizedProfit: z.string() }),
  ),
  balances: z.array(z.looseObject({ asset: z.string(), balance: z.string(), crossUnPnl: z.string() })),
});
type PaperAccount = z.infer<typeof paperAccountSchema>;

type Row = readonly [what: string, count: number | string];

/** Everything the run has to prove, as a table and a list of what does not add up (empty: it does). */
export function buildReport(input: ReportInput): {
  readonly rows: readonly Row[];
  readonly problems: readonly string[];
} {
  const { router, record, reconciled } = input;
  const entries = record.intents.filter((intent) => intent.kind === "entry").length;
  const exits = record.intents.filter((intent) => intent.kind === "exit").length;
  const count = (field: string) => router.get(field) ?? 0;
  const denied = [...router].filter(([field]) => field.startsWith("denied:")).sort();
  const rows: Row[] = [
    ["decisions appended", input.fed],
    ["decisions routed", count("decisions")],
    ["  HOLD or SKIP", count("skipped")],
    ["  dead letters", count("dead_letters")],
    ...denied.map(([field, value]): Row => [`  ${field.replace("denied:", "refused ")}`, value]),
    ["  intents: entries", entries],
    ["  intents: exits", count("exits")],
    ["  exits that execution added", record.intents.length - entries - exits],
    ["results", record.results.length],
    ...[...reconciled.byStatus]
      .filter(([, value]) => value > 0)
      .map(([status, value]): Row => [`  ${status}`, value]),
    ...reasonRows(record.results),
    ["orders that the venue executed", reconciled.executedOrders],
    ["stops that the market triggered", reconciled.triggeredStops],
    ...positionRows(input.account),
  ];
  return { rows, problems: problemsOf(input, { entries, exits }) };
}

function reasonRows(results: readonly ExecutionResult[]): readonly Row[] {
  const reasons = Map.groupBy(
    results.filter((result) => result.status !== "filled" && result.reason !== undefined),
    (result) => `${result.status} ${result.reason?.split(":")[0] ?? ""}`,
  );
  return [...reasons].sort().map(([reason, list]): Row => [`    ${reason}`, list.length]);
}

function positionRows(account: PaperAccount): readonly Row[] {
  const open = account.positions.filter((position) => Number(position.positionAmt) !== 0);
  return [
    ["positions open at the end", open.length],
    ...open.map(
      ({ symbol, positionAmt, unRealizedProfit }): Row => [
        `  ${symbol} ${positionAmt}`,
        `${Number(unRealizedProfit).toFixed(2)} USD`,
      ],
    ),
    ...account.balances.flatMap(({ asset, balance, crossUnPnl }): Row[] => [
      [`wallet balance, ${asset}`, Number(balance).toFixed(2)],
      [`unrealised P&L, ${asset}`, Number(crossUnPnl).toFixed(2)],
    ]),
  ];
}

function problemsOf(
  input: ReportInput,
  published: { readonly entries: number; readonly exits: number },
): readonly string[] {
  const { router, record, reconciled } = input;
  const count = (field: string) => router.get(field) ?? 0;
  const refused = [...router]
    .filter(([field]) => field.startsWith("denied:"))
    .reduce((sum, [, value]) => sum + value, 0);
  const admitted = count("decisions") - count("skipped") - count("dead_letters") - count("exits") - refused;
  const status = (name: ExecutionResult["status"]) => reconciled.byStatus.get(name) ?? 0;
  const executed = status("filled") + status("partial");
  const equal = (what: string, left: number, right: number) =>
    left === right ? [] : [`${what}: ${left} is not ${right}`];
  return [
    ...equal("decisions routed = decisions appended", count("decisions"), input.fed),
    ...equal(
      "entries on the stream = decisions routed and neither refused nor set aside",
      published.entries,
      admitted,
    ),
    ...equal("exits on the stream = exits routed", published.exits, count("exits")),
    ...equal("results = intents consumed", record.results.length, record.intents.length),
    ...equal("orders executed = results filled or partial", reconciled.executedOrders, executed),
    ...reconciled.problems,
  ];
}

/** The table as text, counts aligned. */
export function renderReport(rows: readonly Row[]): string {
  const width = Math.max(...rows.map(([what]) => what.length));
  return rows.map(([what, value]) => `${what.padEnd(width)}  ${String(value).padStart(8)}`).join("\n");
}
