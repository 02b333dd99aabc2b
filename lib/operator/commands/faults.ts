import { z } from "zod";
import { faultEventSchema } from "../../contract/fault-event.ts";
import { columns } from "../columns.ts";
import { operatorCommand } from "../command.ts";
import { countOption } from "../count-option.ts";
import { newestEntries } from "../read-streams.ts";

/** The newest fault events. */
export const faultsCommand = operatorCommand({
  path: "faults",
  summary: "the newest fault events of the safety kernel",
  options: [["--count <n>", "how many, 1 to 1000 (20)"]],
  input: z.object({ count: countOption }),
  async run(context, { count }) {
    const entries = await newestEntries(context.redis, context.keys.faultStream, Number(count));
    const faults = entries.map(({ id, fields }) => ({ id, event: faultEventSchema.safeParse(fields).data }));
    const rows = faults.map(({ id, event }) =>
      event === undefined
        ? [id, "(does not parse)"]
        : [
            new Date(event.timestamp * 1000).toISOString(),
            event.reason,
            event.symbol,
            event.side,
            `global ${event.global_count}/${event.global_max}`,
            `symbol ${event.symbol_count}/${event.symbol_max}`,
            event.suppressed === undefined ? "" : `stands for ${event.suppressed}`,
          ],
    );
    const json = faults.map(({ id, event }) => ({ id, ...event, readable: event !== undefined }));
    return { json, lines: rows.length === 0 ? ["no faults"] : columns(rows) };
  },
});
