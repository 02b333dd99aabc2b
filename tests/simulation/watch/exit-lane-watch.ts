import { GROUPS } from "../../../lib/contract/groups.ts";
import type { Keys } from "../../../lib/contract/keys.ts";
import { decodeIntent } from "../../../lib/contract/trade-intent.ts";
import type { Life } from "../engine/life.ts";
import type { Reply } from "../redis/resp.ts";
import { functionCall } from "./function-calls.ts";
import { PromptTaking, type PromptTakingParts } from "./prompt-taking.ts";

/**
 * Invariant 3 in execution's lanes: an exit that a process has read is in the ledger at once, whatever its entries are
 * doing.
 */
export class ExitLaneWatch {
  readonly #taking: PromptTaking;
  readonly #taken = new Set<string>();

  constructor(parts: PromptTakingParts & { readonly keys: Keys }) {
    const from = { stream: parts.keys.exitIntentStream, group: GROUPS.executionExits };
    this.#taking = new PromptTaking(parts, from, ({ fields }) => {
      const decoded = decodeIntent(fields);
      if (decoded.kind === "undecodable") return undefined;
      const { intent_id: intentId } = decoded.intent;
      return this.#taken.has(intentId) ? undefined : `exit ${intentId}`;
    });
  }

  after(command: readonly string[], reply: Reply, life: Life): void {
    const call = functionCall(command);
    if (call?.name === "receive_v1") {
      const intentId = call.args[0] ?? "";
      this.#taken.add(intentId);
      // Further entries of the same intent wait for the one in work, which is the exit itself.
      this.#taking.taken({ name: `exit ${intentId}` });
    }
    this.#taking.after(command, reply, life);
  }
}
