import type { Reply } from "../redis/resp.ts";
import { type AdmissionLayout, admissionLayout } from "./admission-layout.ts";

/** One call of a server-side function, as it stands in the command. */
export interface FunctionCall {
  readonly name: string;
  readonly keys: readonly string[];
  /** Without the deadline. */
  readonly args: readonly string[];
}

/** The functions that let a request to the venue be sent. */
export const SUBMITS: ReadonlySet<string> = new Set(["begin_v1", "submit_v1", "submit_exit_v1"]);

/** The function call in a command; undefined for any other command. */
export function functionCall(command: readonly string[]): FunctionCall | undefined {
  if (command[0] !== "FCALL") return undefined;
  const keys = Number(command[2]);
  return {
    name: command[1] ?? "",
    keys: command.slice(3, 3 + keys),
    args: command.slice(4 + keys),
  };
}

/** The parts of a function's reply as text; empty for an error. */
export function replyParts(reply: Reply): readonly string[] {
  return Array.isArray(reply) ? reply.map((part) => String(part ?? "")) : [];
}

export interface AdmittedDecision {
  readonly entryId: string;
  readonly kind: string;
  readonly symbol: string;
  readonly intentId: string;
  readonly verdict: string;
}

let known: AdmissionLayout | undefined;

/** What an admission was asked and what became of each decision. */
export function admittedDecisions(call: FunctionCall, reply: Reply): readonly AdmittedDecision[] {
  const [state, , ...verdicts] = replyParts(reply);
  if (state !== "OK") return [];
  known ??= admissionLayout();
  const { from, size, id, kind, symbol, intentId } = known;
  const decisions: AdmittedDecision[] = [];
  for (let at = from, index = 0; at + size <= call.args.length; at += size, index += 1) {
    decisions.push({
      entryId: call.args[at + id] ?? "",
      kind: call.args[at + kind] ?? "",
      symbol: call.args[at + symbol] ?? "",
      intentId: call.args[at + intentId] ?? "",
      verdict: verdicts[2 * index] ?? "",
    });
  }
  return decisions;
}
