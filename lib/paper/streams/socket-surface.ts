import type { ListenKey } from "./listen-key.ts";
import { parseStreamAddress } from "./stream-address.ts";
import type { StreamHub, Subscriber } from "./stream-hub.ts";

/** Turns a WebSocket request into a subscriber: undefined when it was upgraded, else the refusal. */
export function upgradeToStream(
  request: Request,
  server: Bun.Server<unknown>,
  listenKey: ListenKey,
): Response | undefined {
  const url = new URL(request.url);
  const address = parseStreamAddress(url);
  if (address === undefined) return new Response("no such stream", { status: 404 });
  const asked = url.searchParams.get("listenKey");
  if (asked !== null && asked !== listenKey.current())
    return new Response("no such listen key", { status: 400 });
  const upgraded = server.upgrade(request, { data: address });
  return upgraded ? undefined : new Response("expected a WebSocket", { status: 426 });
}

/** The WebSocket side of the server: each connection is one subscriber of the hub. */
export function streamSocketHandler(hub: StreamHub): Bun.WebSocketHandler<unknown> {
  const subscribers = new WeakMap<object, Subscriber>();
  return {
    // The venue drops a client that does not answer pings for ten minutes; Bun's longest wait is 960 s.
    idleTimeout: 600,
    maxPayloadLength: 16 * 1024,
    open: (socket) => {
      const { data } = socket;
      if (!isAddress(data)) return socket.close(1008, "no stream");
      subscribers.set(socket, hub.join(socket, data.combined, data.streams));
    },
    message: (socket, message) => {
      const subscriber = subscribers.get(socket);
      if (subscriber !== undefined) hub.receive(subscriber, String(message));
    },
    close: (socket) => {
      const subscriber = subscribers.get(socket);
      if (subscriber !== undefined) hub.leave(subscriber);
    },
  };
}

function isAddress(data: unknown): data is { combined: boolean; streams: readonly string[] } {
  return typeof data === "object" && data !== null && "combined" in data && "streams" in data;
}
