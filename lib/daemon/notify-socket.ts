import { loadLibc } from "./libc.ts";

const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 0x2 | 0x80000;
/** sizeof(sun_path) of sockaddr_un. */
const PATH_MAX_BYTES = 108;

/** Sends one datagram. Returns 0, or the error number; never throws and never waits. */
export type SendDatagram = (message: string) => number;

/**
 * A unix datagram socket to a path, or to an abstract name (`@name`). Throws when the address does not fit or there
 * is no descriptor left: that is found at start, not at the first ping.
 */
export async function openNotifySocket(address: string): Promise<SendDatagram> {
  const target = socketAddress(address);
  const libc = await loadLibc();
  const fd = libc.socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
  if (fd < 0) throw new Error(`no socket for NOTIFY_SOCKET: errno ${libc.errno()}`);
  return (message) => (libc.sendDatagram(fd, Buffer.from(message), target) ? 0 : libc.errno());
}

/** sockaddr_un; an abstract name has a zero byte for its @ and none at its end. */
function socketAddress(address: string): Buffer {
  const abstract = address.startsWith("@");
  if (!abstract && !address.startsWith("/")) {
    throw new Error(`NOTIFY_SOCKET is neither a path nor an abstract name: ${address}`);
  }
  const path = Buffer.from(abstract ? `\0${address.slice(1)}` : `${address}\0`);
  if (path.length > PATH_MAX_BYTES) throw new Error(`NOTIFY_SOCKET is too long: ${address}`);
  const family = Buffer.alloc(2);
  family.writeUInt16LE(AF_UNIX);
  return Buffer.concat([family, path]);
}
