import { z } from "zod";
import { parseJson } from "../../contract/json-text.ts";

/** What the hub needs of a connection; a Bun.ServerWebSocket has it. */
export interface StreamSocket {
  send(text: string): number;
  close(code?: number, reason?: string): void;
  terminate(): void;
}

/** One WebSocket client. */
export interface Subscriber {
  readonly socket: StreamSocket;
  readonly streams: Set<string>;
  combined: boolean;
}

/**
 * Who listens to which stream.
 *
 * 1. A message is made only when somebody listens, and written once however many do.
 * 2. A muted hub keeps its connections and says nothing, as a stalled stream does.
 */
export interface StreamHub {
  join(socket: StreamSocket, combined: boolean, streams: readonly string[]): Subscriber;
  leave(subscriber: Subscriber): void;
  /** A client's SUBSCRIBE, UNSUBSCRIBE, LIST_SUBSCRIPTIONS, SET_PROPERTY or GET_PROPERTY. */
  receive(subscriber: Subscriber, message: string): void;
  isHeard(stream: string): boolean;
  publish(stream: string, make: () => unknown): void;
  /** Ends every connection without a closing handshake. */
  dropAll(): number;
  mute(muted: boolean): void;
  readonly size: () => number;
}

const requestSchema = z.object({
  method: z.enum(["SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY"]),
  params: z.array(z.union([z.string(), z.boolean()])).optional(),
  id: z.union([z.number(), z.string(), z.null()]).optional(),
});
type StreamRequest = z.infer<typeof requestSchema>;

const MALFORMED = JSON.stringify({ code: 3, msg: "Invalid JSON: expected a request with a known method" });

/** A hub nobody has joined yet. Streams need no declaration: unknown names are silent, as at the venue. */
export function createStreamHub(): StreamHub {
  const everyone = new Set<Subscriber>();
  const byStream = new Map<string, Set<Subscriber>>();
  let muted = false;

  const subscribe = (subscriber: Subscriber, stream: string) => {
    subscriber.streams.add(stream);
    const listeners = byStream.get(stream) ?? new Set();
    byStream.set(stream, listeners.add(subscriber));
  };
  const unsubscribe = (subscriber: Subscriber, stream: string) => {
    subscriber.streams.delete(stream);
    const listeners = byStream.get(stream);
    listeners?.delete(subscriber);
    if (listeners?.size === 0) byStream.delete(stream);
  };
  const answer = (subscriber: Subscriber, request: StreamRequest): unknown => {
    const names = (request.params ?? []).filter((one) => typeof one === "string");
    switch (request.method) {
      case "SUBSCRIBE":
        for (const name of names) subscribe(subscriber, name);
        return null;
      case "UNSUBSCRIBE":
        for (const name of names) unsubscribe(subscriber, name);
        return null;
      case "LIST_SUBSCRIPTIONS":
        return [...subscriber.streams];
      case "SET_PROPERTY":
        subscriber.combined = request.params?.[1] === true;
        return null;
      case "GET_PROPERTY":
        return subscriber.combined;
    }
  };

  return {
    join: (socket, combined, streams) => {
      const subscriber: Subscriber = { socket, combined, streams: new Set() };
      everyone.add(subscriber);
      for (const stream of streams) subscribe(subscriber, stream);
      return subscriber;
    },
    leave: (subscriber) => {
      for (const stream of [...subscriber.streams]) unsubscribe(subscriber, stream);
      everyone.delete(subscriber);
    },
    receive: (subscriber, message) => {
      const request = readRequest(message);
      const reply =
        request === undefined
          ? MALFORMED
          : JSON.stringify({ result: answer(subscriber, request), id: request.id ?? null });
      subscriber.socket.send(reply);
    },
    isHeard: (stream) => byStream.has(stream),
    publish: (stream, make) => {
      const listeners = byStream.get(stream);
      if (listeners === undefined || muted) return;
      const bare = JSON.stringify(make());
      const wrapped = `{"stream":${JSON.stringify(stream)},"data":${bare}}`;
      for (const one of listeners) one.socket.send(one.combined ? wrapped : bare);
    },
    dropAll: () => {
      const count = everyone.size;
      for (const one of [...everyone]) one.socket.terminate();
      return count;
    },
    mute: (value) => {
      muted = value;
    },
    size: () => everyone.size,
  };
}

function readRequest(message: string): StreamRequest | undefined {
  return requestSchema.safeParse(parseJson(message)).data;
}
