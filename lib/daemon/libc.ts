/**
 * The few calls of the C library that the runtime has no door to: unix datagram sockets and flock. Loaded
 * on first use, 1–5 µs a call. FFI needs the JIT: a unit must not set MemoryDenyWriteExecute.
 */
export interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  /** Never waits and raises no signal: a full queue of the receiver is an error number, not a stop. */
  sendDatagram(fd: number, message: Buffer, address: Buffer): boolean;
  flock(fd: number, operation: number): number;
  /** The error number of the last failed call. */
  errno(): number;
}

const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

let loaded: Promise<Libc> | undefined;

/** Loads the library once. Rejects where there is no glibc. */
export function loadLibc(): Promise<Libc> {
  loaded ??= openLibc();
  return loaded;
}

async function openLibc(): Promise<Libc> {
  const { dlopen, read } = await import("bun:ffi");
  const { symbols } = dlopen("libc.so.6", {
    socket: { args: ["i32", "i32", "i32"], returns: "i32" },
    sendto: { args: ["i32", "buffer", "u64", "i32", "buffer", "u32"], returns: "i64" },
    flock: { args: ["i32", "i32"], returns: "i32" },
    __errno_location: { args: [], returns: "ptr" },
  });
  return {
    socket: symbols.socket,
    sendDatagram: (fd, message, address) => {
      const size = BigInt(message.length);
      return symbols.sendto(fd, message, size, MSG_NOSIGNAL | MSG_DONTWAIT, address, address.length) >= 0;
    },
    flock: symbols.flock,
    errno: () => {
      const at = symbols.__errno_location();
      return at === null ? 0 : read.i32(at);
    },
  };
}
