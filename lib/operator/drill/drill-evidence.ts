import { writeFileSync } from "node:fs";
import { buildIdentity } from "../../daemon/build-identity.ts";
import { transaction } from "../../redis/transaction.ts";
import { auditCommand } from "../audit-command.ts";
import type { CommandContext } from "../command-context.ts";

/** What a drill showed; written down as it is. Times are ms since the panic was called, null when never seen. */
export interface DrillEvidence {
  /** Epoch ms of the end, by Redis' clock. */
  readonly ts: number;
  readonly kind: "panic" | "brain";
  readonly passed: boolean;
  /** What did not hold, in words; empty when it passed. */
  readonly faults: readonly string[];
  readonly event_id: string;
  readonly reason: string;
  readonly mode: string;
  readonly account: string;
  readonly who: string;
  readonly build: string;
  readonly positions: readonly string[];
  readonly positions_closed: number;
  /** brain: from its last heartbeat to the panic in the stream. */
  readonly panic_after_ms: number | null;
  readonly halted_after_ms: number | null;
  readonly first_close_after_ms: number | null;
  readonly flat_after_ms: number | null;
  /** What the router said of an entry while trading was halted. */
  readonly entry_verdict: string;
  readonly timeline: readonly string[];
}

/** The identity of the program that drilled. */
export const drillBuild = () => `${buildIdentity.version} ${buildIdentity.git}`;

/**
 * Writes the drill down: its whole evidence in the audit stream, and in `quantum:drill:last` what the exporter and
 * people look for. A drill that failed leaves the `ts` of the last good one alone: the alert for an overdue drill
 * must not be silenced by it.
 */
export async function recordDrill(context: CommandContext, evidence: DrillEvidence): Promise<void> {
  const { keys } = context;
  const json = JSON.stringify(evidence);
  const fields = evidence.passed
    ? [
        ["DEL", keys.drillLast],
        ["HSET", keys.drillLast, ...fieldsOf(evidence), "evidence", json],
      ]
    : [
        ...[["HSET", keys.drillLast, "failed_ts", String(evidence.ts)]],
        ...[["HSET", keys.drillLast, "failed_why", evidence.faults.join("; "), "failed_evidence", json]],
      ];
  const what = `drill ${evidence.passed ? "passed" : "failed"}`;
  await transaction(context.redis, [
    ...fields,
    auditCommand(context, { atMs: evidence.ts, what, after: json }),
  ]);
}

function fieldsOf(evidence: DrillEvidence): readonly string[] {
  const { ts, kind, event_id, mode, account, who, build, positions_closed, flat_after_ms } = evidence;
  const shown = { ts, kind, event_id, mode, account, who, build, positions_closed, flat_after_ms };
  return Object.entries(shown).flatMap(([name, value]) => [name, String(value ?? "")]);
}

/** Puts the evidence into a new file that only its owner reads; the path was free when the drill began. */
export function writeEvidence(path: string, evidence: DrillEvidence): void {
  writeFileSync(path, `${JSON.stringify(evidence, undefined, 2)}\n`, { mode: 0o640 });
}
