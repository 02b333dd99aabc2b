import { type AuditEntry, encodeAuditEntry } from "../contract/audit-entry.ts";
import { encodeFields } from "../redis/stream-entry.ts";
import type { CommandContext } from "./command-context.ts";

/** The command that records what an operator did here; for the transaction that does it. `atMs` is now unless said. */
export function auditCommand(
  context: Pick<CommandContext, "redis" | "keys" | "instance" | "who">,
  done: Pick<AuditEntry, "what"> & Partial<Pick<AuditEntry, "atMs" | "before" | "after">>,
): readonly string[] {
  const { instance, who } = context;
  const { what, before = "", after = "", atMs = context.redis.serverNowMs() } = done;
  const entry = encodeAuditEntry({ atMs, role: "quantumctl", instance, who, what, before, after });
  return ["XADD", context.keys.auditStream, "*", ...encodeFields(entry)];
}
