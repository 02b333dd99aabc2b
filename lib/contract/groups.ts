import { deadLetterStreamOf, type Keys } from "./keys.ts";

/** Consumer group names. Operators and dashboards know them. */
export const GROUPS = {
  router: "router",
  executionIntents: "quantum:group:execution:trade.intent",
  executionExits: "quantum:group:execution:exit.intent",
  emergencyExitWorker: "emergency_exit_worker",
  auditLogger: "audit_logger",
} as const;

export interface StreamRetention {
  readonly stream: string;
  /** Groups of the contract that must have acknowledged an entry before it may be trimmed. */
  readonly groups: readonly string[];
  /** Groups of roles that need not be installed: they hold the trim once they exist. */
  readonly optionalGroups: readonly string[];
  /** Entries kept beyond what the groups still need; undefined keeps everything. */
  readonly entriesKept: number | undefined;
}

/** Dead letters kept per stream. */
const DEAD_LETTERS_KEPT = 10_000;

/** Who reads which stream, and how much of it is kept once everyone of the contract is through with it. */
export function streamRetentions(keys: Keys): readonly StreamRetention[] {
  return [
    { stream: keys.decisionStream, groups: [GROUPS.router], optionalGroups: [], entriesKept: 10_000 },
    { stream: keys.intentStream, groups: [GROUPS.executionIntents], optionalGroups: [], entriesKept: 10_000 },
    {
      stream: keys.exitIntentStream,
      groups: [GROUPS.executionExits],
      optionalGroups: [],
      entriesKept: 10_000,
    },
    { stream: keys.resultStream, groups: [], optionalGroups: [GROUPS.auditLogger], entriesKept: 100_000 },
    { stream: keys.faultStream, groups: [], optionalGroups: [GROUPS.auditLogger], entriesKept: 1000 },
    { stream: keys.auditStream, groups: [], optionalGroups: [GROUPS.auditLogger], entriesKept: 100_000 },
    ...[keys.decisionStream, keys.intentStream, keys.exitIntentStream].map((stream) => ({
      stream: deadLetterStreamOf(stream),
      groups: [],
      optionalGroups: [],
      entriesKept: DEAD_LETTERS_KEPT,
    })),
    { stream: keys.heartbeatStream, groups: [], optionalGroups: [], entriesKept: 1000 },
    {
      stream: keys.panicStream,
      groups: [GROUPS.emergencyExitWorker],
      optionalGroups: [GROUPS.auditLogger],
      entriesKept: undefined,
    },
    {
      stream: keys.panicCompletedStream,
      groups: [],
      optionalGroups: [GROUPS.auditLogger],
      // Each malformed panic adds its refusal: whoever can call one could fill Redis otherwise.
      entriesKept: 100_000,
    },
  ];
}
