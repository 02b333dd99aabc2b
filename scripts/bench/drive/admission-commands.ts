import { type AdmissionRequest, admit } from "../../../lib/kernel/admit.ts";
import type { FunctionCaller } from "../../../lib/kernel/function-call.ts";
import { OPEN_LIMITS, type PendingDecisions } from "./pending-decisions.ts";
import { encodeCommand } from "./raw-redis.ts";

const HOUR_MS = 3_600_000;

/**
 * The very commands that the door of admit_v1 sends for these decisions, `perCall` in each, encoded: taken
 * down by a caller that notes the arguments and answers as the server would.
 */
export async function admissionCommands(
  pending: PendingDecisions,
  perCall: number,
): Promise<readonly Buffer[]> {
  const commands: Buffer[] = [];
  for (let at = 0; at < pending.requests.length; at += perCall) {
    const requests = pending.requests.slice(at, at + perCall);
    const caller: FunctionCaller = {
      command: async (args) => {
        commands.push(encodeCommand(args));
        return admittedReply(requests);
      },
      serverNowMs: () => Date.now(),
      deadlineMs: HOUR_MS,
    };
    await admit(caller, pending.keys, { limits: OPEN_LIMITS, requests, rates: "check" });
  }
  return commands;
}

function admittedReply(requests: readonly AdmissionRequest[]): readonly string[] {
  return ["OK", "0", ...requests.flatMap(() => ["ADMITTED", "0-0"])];
}
