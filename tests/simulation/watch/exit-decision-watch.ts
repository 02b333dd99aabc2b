import { GROUPS } from "../../../lib/contract/groups.ts";
import type { Keys } from "../../../lib/contract/keys.ts";
import type { Life } from "../engine/life.ts";
import type { RedisNetwork } from "../redis/redis-network.ts";
import type { Reply } from "../redis/resp.ts";
import { admittedDecisions, functionCall } from "./function-calls.ts";
import { streamEntries } from "./intent-book.ts";
import { PromptTaking, type PromptTakingParts } from "./prompt-taking.ts";

const ADMITS: ReadonlySet<string> = new Set(["admit_v1", "admit_exits_v1", "dismiss_v1"]);
/** What may become of a decision that closes: an intent, or it is the copy of one. */
const VERDICTS: ReadonlySet<string> = new Set(["EXIT", "DUPLICATE"]);
interface ExitDecisionParts extends PromptTakingParts {
  readonly redis: Pick<RedisNetwork, "look">;
  readonly keys: Keys;
}

/**
 * Invariant 3 at the admission: a decision to close, by its own words on the stream, becomes an exit whatever the
 * switches and limits say, and as soon as a router has read it, whatever entries come with it.
 */
export class ExitDecisionWatch {
  readonly #parts: ExitDecisionParts;
  readonly #taking: PromptTaking;

  constructor(parts: ExitDecisionParts) {
    this.#parts = parts;
    const from = { stream: parts.keys.decisionStream, group: GROUPS.router };
    this.#taking = new PromptTaking(parts, from, ({ id, fields }) =>
      closes(fields) ? `decision ${id}, which closes,` : undefined,
    );
  }

  after(command: readonly string[], reply: Reply, life: Life): void {
    const call = functionCall(command);
    if (call !== undefined && ADMITS.has(call.name)) {
      for (const { entryId, verdict } of admittedDecisions(call, reply)) this.#decided(entryId, verdict);
    }
    this.#taking.after(command, reply, life);
  }

  #decided(entryId: string, verdict: string): void {
    this.#taking.taken({ entryId });
    const { redis, keys, findings } = this.#parts;
    const [entry] = streamEntries(redis.look("XRANGE", keys.decisionStream, entryId, entryId));
    if (entry === undefined || !closes(entry.fields) || VERDICTS.has(verdict)) return;
    findings.report(3, `decision ${entryId} closes and ended ${verdict}`);
  }
}

/** By the engine's own words, not by what a router made of them. */
function closes({ payload = "" }: Readonly<Record<string, string>>): boolean {
  return /"(?:side|action)":"CLOSE"|"reduce_only":true/.test(payload);
}
