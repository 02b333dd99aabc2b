/**
 * The service manager's end of NOTIFY_SOCKET. It waits inside a system call: no timer and no event loop is
 * between a datagram and its time.
 */
export interface NotifyListener {
  /** The value of NOTIFY_SOCKET. */
  readonly address: string;
  /**
   * Blocks this thread until a datagram that begins with `start` came, and returns when: performance.now().
   * Throws after `timeoutMs` without any datagram.
   */
  waitFor(start: string, timeoutMs: number): number;
  /** Forgets what was not read. */
  drain(): void;
  close(): void;
}

const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 0x2 | 0x80000;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const MSG_DONTWAIT = 0x40;
const DATAGRAM_MAX_BYTES = 4096;

/** Binds to an abstract name, which leaves nothing behind. Rejects where there is no glibc. */
export async function listenForNotifications(name: string): Promise<NotifyListener> {
  const { dlopen } = await import("bun:ffi");
  const { symbols: libc } = dlopen("libc.so.6", {
    socket: { args: ["i32", "i32", "i32"], returns: "i32" },
    bind: { args: ["i32", "buffer", "u32"], returns: "i32" },
    setsockopt: { args: ["i32", "i32", "i32", "buffer", "u32"], returns: "i32" },
    recv: { args: ["i32", "buffer", "u64", "i32"], returns: "i64" },
    close: { args: ["i32"], returns: "i32" },
  });
  const family = Buffer.alloc(2);
  family.writeUInt16LE(AF_UNIX);
  const address = Buffer.concat([family, Buffer.from(`\0${name}`)]);
  const fd = libc.socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
  if (fd < 0 || libc.bind(fd, address, address.length) !== 0) throw new Error(`cannot bind to @${name}`);
  const datagram = Buffer.alloc(DATAGRAM_MAX_BYTES);
  const receive = (flags: number): string | undefined => {
    const size = Number(libc.recv(fd, datagram, BigInt(datagram.length), flags));
    return size < 0 ? undefined : datagram.toString("utf8", 0, size);
  };
  return {
    address: `@${name}`,
    waitFor(start, timeoutMs) {
      const timeout = Buffer.alloc(16);
      timeout.writeBigInt64LE(BigInt(Math.ceil(timeoutMs / 1000)), 0);
      libc.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, timeout, timeout.length);
      for (;;) {
        const message = receive(0);
        const at = performance.now();
        if (message === undefined) throw new Error(`no ${start} within ${timeoutMs} ms`);
        if (message.startsWith(start)) return at;
      }
    },
    drain() {
      while (receive(MSG_DONTWAIT) !== undefined);
    },
    close: () => void libc.close(fd),
  };
}
