import type { PanicEvent } from "../../contract/panic.ts";

/** The worker answers when its halt stands: a disk sync and, while Redis hangs, one deadline of 500 ms. */
const ANSWER_WITHIN_MS = 2000;

/** `fetch` with the runtime's own way to a unix socket. */
export type SocketFetch = (url: string, init: RequestInit & { readonly unix: string }) => Promise<Response>;

/**
 * Hands a panic to the emergency exit worker over its unix socket. Undefined when it took it, else in plain words why
 * not. Never rejects.
 */
export async function askWorker(
  socketPath: string,
  event: PanicEvent,
  fetch: SocketFetch,
): Promise<string | undefined> {
  try {
    const response = await fetch("http://localhost/v1/panic", {
      unix: socketPath,
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(event),
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    return response.ok ? undefined : `${response.status} ${(await response.text()).slice(0, 200)}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
