import { dlopen } from "bun:ffi";

/**
 * A unix stream socket whose calls wait, outside the event loop: a command and its reply are one synchronous step of
 * the simulation, so that how fast the machine is never shows.
 */
export interface BlockingSocket {
  send(bytes: Buffer): void;
  /** At least one byte; throws when the other end is gone. */
  receive(into: Buffer, from: number): number;
  close(): void;
}

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const MSG_NOSIGNAL = 0x4000;
const PATH_LENGTH_MAX = 107;

const { symbols: libc } = dlopen("libc.so.6", {
  socket: { args: ["i32", "i32", "i32"], returns: "i32" },
  connect: { args: ["i32", "buffer", "u32"], returns: "i32" },
  send: { args: ["i32", "buffer", "u64", "i32"], returns: "i64" },
  recv: { args: ["i32", "buffer", "u64", "i32"], returns: "i64" },
  close: { args: ["i32"], returns: "i32" },
});

/** Connects, or undefined when nobody listens. */
export function connectBlocking(path: string): BlockingSocket | undefined {
  if (Buffer.byteLength(path) > PATH_LENGTH_MAX) throw new RangeError(`${path} is too long for a socket`);
  const address = Buffer.alloc(2 + PATH_LENGTH_MAX + 1);
  address.writeUInt16LE(AF_UNIX, 0);
  address.write(path, 2);
  const fd = libc.socket(AF_UNIX, SOCK_STREAM, 0);
  if (libc.connect(fd, address, address.length) !== 0) {
    libc.close(fd);
    return undefined;
  }
  return {
    send(bytes) {
      let sent = 0;
      while (sent < bytes.length) {
        const rest = sent === 0 ? bytes : bytes.subarray(sent);
        const took = Number(libc.send(fd, rest, BigInt(rest.length), MSG_NOSIGNAL));
        if (took <= 0) throw new Error("the Redis of the simulation is gone");
        sent += took;
      }
    },
    receive(into, from) {
      const rest = from === 0 ? into : into.subarray(from);
      const got = Number(libc.recv(fd, rest, BigInt(rest.length), 0));
      if (got <= 0) throw new Error("the Redis of the simulation is gone");
      return got;
    },
    close: () => void libc.close(fd),
  };
}
