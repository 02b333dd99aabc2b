import { z } from "zod";
import { EXIT_CODES } from "../../contract/exit-codes.ts";
import { encodePanicEvent, type PanicCompletion, panicCompletionSchema } from "../../contract/panic.ts";
import { encodeFields } from "../../redis/stream-entry.ts";
import { operatorCommand } from "../command.ts";
import type { Desk } from "../desk.ts";
import { entriesAfter } from "../read-streams.ts";

const POLL_MS = 100;

/** Publishes a panic and waits for its end. */
export const panicCommand = operatorCommand({
  path: "panic",
  summary: "halt trading and close every position now",
  options: [
    ["--reason <text>", "why; stands in the panic stream and in the halt"],
    ["--wait <seconds>", "how long to wait for the completion (30)"],
  ],
  input: z.object({
    reason: z.string("say why: --reason 'what happened'").min(1).max(512),
    wait: z
      .string()
      .regex(/^\d{1,4}$/, "a whole number of seconds")
      .default("30"),
  }),
  question: () => "Close EVERY position of the account at market, now, and halt trading?",
  async run(desk, { reason, wait }) {
    const event = {
      event_id: crypto.randomUUID(),
      ...({ reason, severity: "CRITICAL", issued_by: "ops" } as const),
      ts: desk.clock.nowMs(),
    };
    const fields = encodeFields(encodePanicEvent(event));
    const id = String(await desk.redis.command(["XADD", desk.keys.panicStream, "*", ...fields]));
    desk.print(`panic ${event.event_id} is in the stream (${id})`);
    const completion = await awaitCompletion(desk, event.event_id, Number(wait) * 1000);
    return reportOf(event.event_id, completion);
  },
});

/** The first completion of the panic that is final for whoever waits, or undefined after `waitMs`. */
async function awaitCompletion(
  desk: Desk,
  eventId: string,
  waitMs: number,
): Promise<PanicCompletion | undefined> {
  const deadline = desk.clock.monotonicMs() + waitMs;
  let last: PanicCompletion | undefined;
  let id = "0-0";
  while (desk.clock.monotonicMs() < deadline && !desk.signal.aborted) {
    const page = await entriesAfter(desk.redis, desk.keys.panicCompletedStream, { id, count: 1000 });
    for (const entry of page) {
      id = entry.id;
      if (entry.fields["event_id"] !== eventId) continue;
      const completion = panicCompletionSchema.safeParse(entry.fields).data;
      if (completion !== undefined && completion.status !== "failed") return completion;
      if (completion !== undefined && last === undefined) desk.print("not flat yet; the worker goes on");
      last = completion ?? last;
    }
    if (page.length === 0) await desk.clock.sleep(POLL_MS, desk.signal);
  }
  return last;
}

function reportOf(eventId: string, completion: PanicCompletion | undefined) {
  if (completion === undefined) {
    return {
      json: { event_id: eventId, status: "no completion" },
      lines: [
        "no completion yet: look at the emergency exit worker (quantumctl status) and at the venue itself",
      ],
      exitCode: EXIT_CODES.panicIncomplete,
    };
  }
  const { status, positions_total: total, positions_closed: closed, execution_time_ms: tookMs } = completion;
  const failed = completion.failed_symbols.join(", ");
  return {
    json: completion,
    lines: [
      `${status}: ${closed} of ${total} positions closed in ${tookMs} ms`,
      ...(completion.detail === "" ? [] : [completion.detail]),
      ...(failed === "" ? [] : [`still open: ${failed}`]),
      ...completion.results.map(
        (one) => `  ${one.symbol} ${one.position_side} ${one.quantity} ${one.closed ? "closed" : one.error}`,
      ),
    ],
    ...(status === "flat" || status === "joined" ? {} : { exitCode: EXIT_CODES.panicIncomplete }),
  };
}
