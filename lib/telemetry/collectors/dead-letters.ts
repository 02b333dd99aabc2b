import type { Role } from "../../contract/roles.ts";
import { STATISTICS } from "../../contract/statistics.ts";
import type { Collector } from "../collector.ts";
import { countReply } from "../count-reply.ts";

const ROLES_THAT_PUT_ASIDE = ["ai-strategy-router", "execution"] as const satisfies readonly Role[];

type DeadLettersState = readonly { readonly role: Role; readonly count: number }[];

/** Entries that no handler could take, by the role whose entries they were. */
export const deadLettersCollector: Collector<"quantum_dead_letters_total", DeadLettersState> = {
  name: "dead-letters",
  commands: ({ keys }) =>
    ROLES_THAT_PUT_ASIDE.map((role) => ["HGET", `${keys.statsPrefix}${role}`, STATISTICS.deadLetters]),
  decode: (replies) => ROLES_THAT_PUT_ASIDE.map((role) => ({ role, count: countReply(replies.next()) })),
  readings: (state) => ({
    quantum_dead_letters_total: state.map(({ role, count }) => ({ labels: { role }, value: count })),
  }),
};
