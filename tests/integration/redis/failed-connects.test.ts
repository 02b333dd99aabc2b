import { afterAll, beforeAll, expect, test } from "bun:test";
import { createServer, type Server, type Socket } from "node:net";
import { openPlainWire } from "../../../lib/redis/plain-wire.ts";
import { openWireClient } from "../../../lib/redis/wire-client.ts";

let server: Server;
const accepted: Socket[] = [];
let url = "";
beforeAll(async () => {
  // It accepts and never answers, as a Redis that hangs does.
  server = createServer((socket) => accepted.push(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  url = `redis://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
});
afterAll(() => {
  for (const socket of accepted) socket.destroy();
  server.close();
});

/** A signal that counts who listens to it. */
function countedSignal() {
  const { signal } = new AbortController();
  const listeners = new Set<unknown>();
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
  signal.addEventListener = (type: string, listener: () => void) => {
    listeners.add(listener);
    add(type, listener);
  };
  signal.removeEventListener = (type: string, listener: () => void) => {
    listeners.delete(listener);
    remove(type, listener);
  };
  return { signal, listeners };
}

test.each([
  ["node-redis", openWireClient],
  ["our own", openPlainWire],
])(
  "a connection of %s that is given up leaves nothing behind with its owner's signal",
  async (_name, open) => {
    const { signal, listeners } = countedSignal();
    for (let tries = 0; tries < 3; tries += 1) {
      const opening = open({ url, name: "t", connectDeadlineMs: 50, socketTimeoutMs: 10_000, signal });
      expect(await opening.catch((error: unknown) => error)).toMatchObject({ code: "REDIS_DEADLINE" });
    }
    expect(listeners.size).toBe(0);
  },
);
