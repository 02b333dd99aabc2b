/**
 * The socket under a wire. Plain ones are the runtime's own: node's streams around one cost a twentieth of the way from
 * a decision to its order. Encrypted ones are node's, which verify the server before they say that they are connected.
 */
import { connect as connectTls } from "node:tls";
import type { RedisAddress } from "./redis-address.ts";

export interface ByteStream {
  /** Sends all of it, in the order of the calls; what the socket does not take at once waits here. */
  write(bytes: string | Buffer): void;
  /**
   * Ends it at once. What has not been sent is dropped. A plain one that still connects by TCP to a host that does not
   * answer keeps its descriptor until the kernel gives up (two minutes): the runtime cannot be told to stop.
   */
  destroy(): void;
}

export interface ByteStreamEvents {
  /** Once, before any other; encrypted: after the server's certificate was verified. */
  connected(): void;
  received(bytes: Buffer): void;
  /** It is of no more use. May come more than once, and after `destroy`. */
  ended(error: Error): void;
}

const KEEP_ALIVE_AFTER_MS = 5000;

/** Starts to connect. Never throws: what goes wrong is told by `ended`. */
export function openByteStream(to: RedisAddress["socket"], events: ByteStreamEvents): ByteStream {
  return "tls" in to && to.tls ? openEncrypted(to, events) : openPlain(to, events);
}

function openPlain(to: RedisAddress["socket"], events: ByteStreamEvents): ByteStream {
  let socket: Bun.Socket<undefined> | undefined;
  let destroyed = false;
  let unsent: Buffer[] = [];
  const handler: Bun.SocketHandler<undefined> = {
    open(opened) {
      if (destroyed) return opened.terminate();
      socket = opened;
      if (!("path" in to)) {
        opened.setNoDelay(true);
        opened.setKeepAlive(true, KEEP_ALIVE_AFTER_MS);
      }
      events.connected();
    },
    data: (_, bytes) => events.received(bytes),
    drain() {
      const waiting = unsent;
      unsent = [];
      for (const bytes of waiting) write(bytes);
    },
    error: (_, error) => events.ended(error),
    close: (_, error) => events.ended(error ?? new Error("the server closed the connection")),
  };
  const connect = () =>
    "path" in to
      ? Bun.connect({ unix: to.path, socket: handler })
      : Bun.connect({ hostname: to.host, port: to.port, socket: handler });
  // Whatever keeps it from connecting, its own checks of the address as well.
  Promise.try(connect).catch((error: unknown) => events.ended(whyNotConnected(to, error)));

  function write(bytes: string | Buffer): void {
    if (unsent.length > 0) {
      unsent.push(Buffer.from(bytes));
      return;
    }
    // What it did not take is ours to keep; of a socket that has closed, whose `ended` is on its way, it is all.
    const taken = socket?.write(bytes) ?? 0;
    if (taken < Buffer.byteLength(bytes)) unsent.push(Buffer.from(bytes).subarray(Math.max(0, taken)));
  }

  return {
    write,
    destroy() {
      destroyed = true;
      socket?.terminate();
    },
  };
}

/** The runtime says "Failed to connect" of everything: nobody there, no such socket, no right to it, no route. */
function whyNotConnected(to: RedisAddress["socket"], error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  const code = "code" in error ? String(error.code) : "";
  if (error.message.includes(code)) return error;
  const where = "path" in to ? to.path : `${to.host}:${to.port}`;
  return new Error(`connect ${code} ${where}`, { cause: error });
}

function openEncrypted(
  to: Extract<RedisAddress["socket"], { tls: boolean }>,
  events: ByteStreamEvents,
): ByteStream {
  const socket = connectTls(to);
  socket.setNoDelay(true);
  socket.setKeepAlive(true, KEEP_ALIVE_AFTER_MS);
  socket.once("secureConnect", () => events.connected());
  socket.on("data", (bytes: Buffer) => events.received(bytes));
  socket.on("error", (error) => events.ended(error));
  socket.on("close", () => events.ended(new Error("the server closed the connection")));
  return { write: (bytes) => void socket.write(bytes), destroy: () => void socket.destroy() };
}
