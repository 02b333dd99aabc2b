import type { Reply } from "../redis/resp.ts";
import type { Findings } from "./findings.ts";
import { functionCall, replyParts } from "./function-calls.ts";
import type { OrderCall } from "./order-call.ts";
import type { PositionWatch } from "./position-watch.ts";

/** Endings that only an entry may have. */
const OF_ENTRIES = new Set(["HELD", "DENIED", "EXPIRED"]);

/** Invariant 3: what reduces is never refused by us, and only ever reduces. */
export class ExitWatch {
  readonly #findings: Findings;
  readonly #positions: PositionWatch;
  #before: number | undefined;

  constructor(parts: { readonly findings: Findings; readonly positions: PositionWatch }) {
    this.#findings = parts.findings;
    this.#positions = parts.positions;
  }

  after(command: readonly string[], reply: Reply): void {
    const call = functionCall(command);
    if (call?.name !== "settle_v1") return;
    const [intentId, , , , state = "", , kind] = call.args;
    if (kind === "exit" && OF_ENTRIES.has(state) && replyParts(reply)[0] === "OK") {
      this.#findings.report(3, `exit ${intentId} ended ${state}`);
    }
  }

  serving(order: OrderCall): void {
    this.#before = order.reduces ? this.#positions.of(order) : undefined;
  }

  served(order: OrderCall): void {
    if (this.#before === undefined) return;
    const after = this.#positions.of(order);
    const grew = Math.abs(after) > Math.abs(this.#before) || after * this.#before < 0;
    if (grew)
      this.#findings.report(
        3,
        `${order.clientOrderId} took ${order.symbol} from ${this.#before} to ${after}`,
      );
    this.#before = undefined;
  }
}
