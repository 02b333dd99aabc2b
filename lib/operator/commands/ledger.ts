import { z } from "zod";
import { EXIT_CODES } from "../../contract/exit-codes.ts";
import { recordReply } from "../../redis/reply.ts";
import { columns } from "../columns.ts";
import { operatorCommand } from "../command.ts";

/** What the ledger knows of one intent. */
export const ledgerShowCommand = operatorCommand({
  path: "ledger show",
  summary: "what the order ledger knows of an intent",
  parameters: [["<intent>", "its intent_id"]],
  input: z.object({ intent: z.string().regex(/^\S{1,256}$/, "an intent id") }),
  async run(context, { intent }) {
    const reply = await context.redis.command(["HGETALL", `${context.keys.orderLedgerPrefix}${intent}`]);
    const fields = recordReply(reply);
    if (Object.keys(fields).length === 0) {
      return {
        json: { found: false, intent_id: intent },
        lines: ["the ledger does not know it: never received, or settled more than a day ago"],
        exitCode: EXIT_CODES.crash,
      };
    }
    return { json: { found: true, intent_id: intent, ...fields }, lines: columns(Object.entries(fields)) };
  },
});
