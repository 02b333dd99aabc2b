/** What recovery found in a group and did about it; in a dry run, what it would have done. */
export interface GroupReport {
  readonly stream: string;
  readonly group: string;
  readonly created: boolean;
  /** Entries not delivered yet, at most; `unknown` where Redis itself does not know. */
  readonly lag: number | "unknown";
  readonly pending: number;
  /** Entries that were trimmed before the group was given them; `unknown` where it cannot be told. */
  readonly trimmedUnread: number | "unknown";
  /** Stale entries given to a consumer that is alive. */
  readonly claimed: number;
  /** Stale entries that stay where they are: no consumer is alive, or it is not permitted in LIVE. */
  readonly left: number;
  /** Entries that were deleted while pending; acknowledged, nobody can read them. */
  readonly lost: number;
  readonly deadLetters: number;
  readonly zombies: number;
  readonly alive: readonly string[];
}

export interface StreamReport {
  readonly stream: string;
  /** Entries removed; in a dry run those beyond the retention, of which groups may still hold some. */
  readonly trimmed: number;
  /** Groups that the contract does not know: they hold nothing. */
  readonly strangers: readonly string[];
}

export interface RecoveryReport {
  readonly mode: string;
  readonly dryRun: boolean;
  /** LIVE without RECOVER_IN_LIVE: nothing was claimed, put aside or deleted. */
  readonly refusedInLive: boolean;
  readonly groups: readonly GroupReport[];
  readonly streams: readonly StreamReport[];
  /** Streams that could not be looked at, with the server's words. */
  readonly problems: readonly string[];
  /** This account lacks a right that one of them needs: the next run will lack it, too. */
  readonly keptOut: boolean;
}

/** What an operator should look into, in plain words; empty when all is well. */
export function reportAlarms(report: RecoveryReport): readonly string[] {
  const ofGroups = report.groups.flatMap((one) => {
    const at = `${one.stream} ${one.group}`;
    return [
      one.created ? `${at}: the group was missing` : "",
      one.lost > 0 ? `${at}: ${one.lost} entries were deleted while pending` : "",
      one.lag === "unknown" ? `${at}: lag unknown` : "",
      typeof one.trimmedUnread === "number" && one.trimmedUnread > 0
        ? `${at}: ${one.trimmedUnread} entries were trimmed unread`
        : "",
      one.deadLetters > 0 ? `${at}: ${one.deadLetters} entries are dead letters` : "",
      one.left > 0 && !report.refusedInLive
        ? `${at}: ${one.left} stale entries left, no consumer is alive`
        : "",
    ];
  });
  const ofStreams = report.streams
    .filter(({ strangers }) => strangers.length > 0)
    .map(({ stream, strangers }) => `${stream}: unknown groups ${strangers.join(", ")}`);
  return [...ofGroups, ...ofStreams, ...report.problems].filter((alarm) => alarm !== "");
}

/** The report as a table for a person: one row a group, then trims, then what to look into. */
export function reportTable(report: RecoveryReport): string {
  const head = ["stream", "group", "lag", "pending", "claimed", "left", "lost", "dead", "zombies", "unread"];
  const rows = report.groups.map((one) => [
    ...[one.stream, one.group, one.lag, one.pending, one.claimed, one.left],
    ...[one.lost, one.deadLetters, one.zombies, one.trimmedUnread],
  ]);
  const texts = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, at) => Math.max(...texts.map((row) => row[at]?.length ?? 0)));
  const table = texts.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  const trims = report.streams
    .filter(({ trimmed }) => trimmed > 0)
    .map(
      ({ stream, trimmed }) => `${report.dryRun ? "beyond retention" : "trimmed"}: ${trimmed} of ${stream}`,
    );
  const alarms = reportAlarms(report).map((alarm) => `! ${alarm}`);
  const title = report.dryRun ? "dry run: nothing was changed" : "stream recovery";
  return [`${title} (${report.mode})`, ...table, ...trims, ...alarms].join("\n");
}
