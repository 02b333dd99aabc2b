/** How long a local daemon may take to answer a program of ours (ms): none of them waits for ever. */
const ANSWER_MS_MAX = 5000;

/** A request to a local daemon. Throws on a refusal, with its words, and when no answer comes in time. */
export async function fetchJson(url: string, init: RequestInit = {}): Promise<unknown> {
  const what = `${init.method ?? "GET"} ${url}`;
  const reply = await fetch(url, { ...init, signal: AbortSignal.timeout(ANSWER_MS_MAX) }).catch(
    (cause: unknown) => {
      throw new Error(`${what} is not answered`, { cause });
    },
  );
  if (!reply.ok) throw new Error(`${what}: ${reply.status} ${await reply.text()}`);
  return reply.json();
}
