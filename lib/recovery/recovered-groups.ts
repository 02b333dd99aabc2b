import { GROUPS } from "../contract/groups.ts";
import type { Keys } from "../contract/keys.ts";
import { ROLES, type Role } from "../contract/roles.ts";

/** A group that recovery looks after: it makes it, and moves what dead consumers left in it. */
export interface RecoveredGroup {
  readonly stream: string;
  readonly group: string;
  /** Whose instances read it. */
  readonly role: Role;
  /** Whether poison in it may be put aside: intents may, exits and decisions never are by recovery. */
  readonly deadLetters: boolean;
}

/**
 * The pipeline's groups. Those of the emergency chain are not among them: the worker has to find out by itself
 * whether its group is new, because panics from before its installation are not run.
 */
export function recoveredGroups(keys: Keys): readonly RecoveredGroup[] {
  return [
    {
      stream: keys.decisionStream,
      group: GROUPS.router,
      role: "ai-strategy-router",
      deadLetters: false,
    },
    { stream: keys.intentStream, group: GROUPS.executionIntents, role: "execution", deadLetters: true },
    { stream: keys.exitIntentStream, group: GROUPS.executionExits, role: "execution", deadLetters: false },
  ];
}

/** The instance whose consumer this is; undefined for a name that is none of the role's. */
export function instanceOf(role: Role, consumer: string): string | undefined {
  const prefix = `${ROLES[role].consumer}-`;
  return consumer.startsWith(prefix) && consumer.length > prefix.length
    ? consumer.slice(prefix.length)
    : undefined;
}
