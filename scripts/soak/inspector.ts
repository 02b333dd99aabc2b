import { z } from "zod";

/** After this nobody answers any more: the process hangs, or has ended. */
const ANSWER_WITHIN_MS = 5000;

const replySchema = z.looseObject({
  id: z.literal(1),
  result: z.looseObject({ result: z.looseObject({ value: z.number() }) }),
});

/**
 * Has a process evaluate an expression that gives a number, through the runtime's inspector at `url`. Undefined when
 * it does not answer, as a process between two lives.
 */
export async function evaluateIn(url: string, expression: string): Promise<number | undefined> {
  const answer = Promise.withResolvers<number | undefined>();
  const none = () => answer.resolve(undefined);
  const timer = setTimeout(none, ANSWER_WITHIN_MS);
  const socket = new WebSocket(url);
  socket.addEventListener("open", () => {
    socket.send(JSON.stringify({ id: 1, method: "Runtime.evaluate", params: { expression } }));
  });
  socket.addEventListener("message", ({ data }) => {
    const reply = replySchema.safeParse(JSON.parse(String(data)));
    if (reply.success) answer.resolve(reply.data.result.result.value);
  });
  socket.addEventListener("error", none);
  socket.addEventListener("close", none);
  try {
    return await answer.promise;
  } finally {
    clearTimeout(timer);
    socket.close();
  }
}
