import type { Keys } from "../../../lib/contract/keys.ts";
import type { RedisNetwork } from "../redis/redis-network.ts";
import type { Reply } from "../redis/resp.ts";
import type { AdminAnswer } from "../world/operator-desk.ts";
import type { Findings } from "./findings.ts";
import { functionCall, replyParts } from "./function-calls.ts";
import type { PanicWatch } from "./panic-watch.ts";

/**
 * What an operator is told is so: a switch that an admin server says it has set is set by then, together with its audit
 * entry (invariant 2), and no halt is cleared without force while its panic has positions open (invariant 6).
 */
export class AdminWatch {
  readonly #redis: Pick<RedisNetwork, "look">;
  readonly #keys: Keys;
  readonly #findings: Findings;
  readonly #panics: Pick<PanicWatch, "called" | "openSince">;

  constructor(parts: {
    readonly redis: Pick<RedisNetwork, "look">;
    readonly keys: Keys;
    readonly findings: Findings;
    readonly panics: Pick<PanicWatch, "called" | "openSince">;
  }) {
    this.#redis = parts.redis;
    this.#keys = parts.keys;
    this.#findings = parts.findings;
    this.#panics = parts.panics;
  }

  after(command: readonly string[], reply: Reply): void {
    const call = functionCall(command);
    if (call?.name !== "set_switch_v1" || replyParts(reply)[0] !== "OK") return;
    const [key = ""] = call.keys;
    const [value = "", , , , who, what] = call.args;
    const stands = this.#redis.look("GET", key);
    if (stands !== (value === "" ? null : value)) {
      this.#findings.report(2, `${key} is said to be set to "${value}" and is ${JSON.stringify(stands)}`);
    }
    const newest = JSON.stringify(
      this.#redis.look("XREVRANGE", this.#keys.auditStream, "+", "-", "COUNT", "1"),
    );
    if (!newest.includes(`"who","${who}","what","${what}"`)) {
      this.#findings.report(2, `${key} was set without an audit entry: ${newest}`);
    }
  }

  answered({ request, status, sentUs }: AdminAnswer): void {
    const { path, body } = request;
    if (path === "/v1/panic" && status === 202) {
      this.#panics.called(String(body?.["event_id"]), "ops", sentUs);
    }
    if (path !== "/v1/halt" || status !== 200 || body?.["force"] === true) return;
    const open = this.#panics.openSince(sentUs);
    if (open !== undefined) this.#findings.report(6, `a halt was cleared without force while ${open}`);
  }
}
