import { z } from "zod";
import { EXIT_CODES } from "../../contract/exit-codes.ts";
import type { PanicCompletion } from "../../contract/panic.ts";
import { isRedisError } from "../../redis/redis-errors.ts";
import { auditCommand } from "../audit-command.ts";
import { operatorCommand, type Report } from "../command.ts";
import type { CommandContext } from "../command-context.ts";
import { followPanic, type PanicSight } from "../panic/follow-panic.ts";
import { PANIC_OPTIONS, panicOptions } from "../panic/panic-options.ts";
import { timelineLines } from "../panic/timeline-lines.ts";

/** Publishes a panic, or hands it to the worker itself where Redis is away, and waits for its end. */
export const panicCommand = operatorCommand({
  path: "panic",
  summary: "halt trading and close every position now",
  options: [["--reason <text>", "why; stands in the panic stream and in the halt"], ...PANIC_OPTIONS],
  notes: `Works without Redis, on the machine of the emergency exit worker: the panic goes to its socket.
Exit codes of its own: 0 flat · 1 refused, or nobody took it · 76 not flat, or no completion in time.`,
  input: z.object({
    reason: z.string("say why: --reason 'what happened'").min(1).max(512),
    ...panicOptions,
  }),
  question: () => "Close EVERY position of the account at market, now, and halt trading?",
  redis: "as it is",
  async run(context, { reason, wait, workerUrl }) {
    const event = {
      event_id: crypto.randomUUID(),
      ...({ reason, severity: "CRITICAL", issued_by: "ops" } as const),
      ts: context.clock.nowMs(),
    };
    const recorded: Promise<void>[] = [];
    const tell = (sight: PanicSight, atMs: number) => {
      // At once, and not waited for: whoever called it may not stay until the end.
      if (sight.kind === "published") recorded.push(record(context, event.event_id, reason));
      timelineLines(sight, atMs, event.event_id).forEach(context.print);
    };
    const { redis, keys, clock, signal, panicSocket } = context;
    const completion = await followPanic(
      { redis, keys, clock, signal, panicSocket, workerUrl, waitMs: wait * 1000, onSight: tell },
      event,
    );
    await Promise.all(recorded);
    return reportOf(event.event_id, completion);
  },
});

/** Who called it: the panic itself says "ops". Never rejects, since the panic is called. */
async function record(context: CommandContext, eventId: string, reason: string): Promise<void> {
  const entry = auditCommand(context, { what: `panic ${eventId} called: ${reason}` });
  try {
    await context.redis.command(entry);
  } catch (error) {
    if (!isRedisError(error)) throw error;
    context.print(`the panic is called, and not in the audit stream: ${error.message}`);
  }
}

function reportOf(eventId: string, completion: PanicCompletion | undefined): Report {
  if (completion?.status === "flat" || completion?.status === "joined") {
    return {
      json: completion,
      lines: ["flat; trading stays halted: find out why, mend it, then quantumctl halt clear --why '…'"],
    };
  }
  if (completion?.status === "refused") {
    return { json: completion, lines: ["refused by the worker"], exitCode: EXIT_CODES.crash };
  }
  const words =
    completion === undefined
      ? "no completion in time: quantumctl status shows whether the emergency exit worker is alive"
      : "not flat in time: the worker goes on";
  return {
    json: completion ?? { event_id: eventId, status: "no completion" },
    lines: [`${words}; look at the venue itself, and close there what is open`],
    exitCode: EXIT_CODES.panicIncomplete,
  };
}
