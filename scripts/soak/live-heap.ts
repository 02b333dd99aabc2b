import { z } from "zod";

/** After this nobody answers any more: the process hangs, or has ended. */
const ANSWER_WITHIN_MS = 5000;
const COLLECT = "Bun.gc(true); process.memoryUsage().heapUsed";

const replySchema = z.looseObject({
  id: z.literal(1),
  result: z.looseObject({ result: z.looseObject({ value: z.number() }) }),
});

/**
 * Has a process collect its garbage, through its inspector at `url`: what is left in its heap is in use, MiB.
 * Undefined when it does not answer, as a process between two lives.
 */
export async function readLiveHeap(url: string): Promise<number | undefined> {
  const answer = Promise.withResolvers<number | undefined>();
  const none = () => answer.resolve(undefined);
  const timer = setTimeout(none, ANSWER_WITHIN_MS);
  const socket = new WebSocket(url);
  socket.addEventListener("open", () => {
    socket.send(JSON.stringify({ id: 1, method: "Runtime.evaluate", params: { expression: COLLECT } }));
  });
  socket.addEventListener("message", ({ data }) => {
    const reply = replySchema.safeParse(JSON.parse(String(data)));
    if (reply.success) answer.resolve(reply.data.result.result.value / 1024 / 1024);
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
