import type { Socket } from "bun";
import { makeCertificates } from "../../support/certificates.ts";

/** The venue behind TLS: what comes in under a name of the certificate goes on to the paper exchange as it is. */
export interface EncryptedVenue {
  /** Names that connections asked for, sorted. */
  hosts(): readonly string[];
  stop(): void;
}

interface Pipe {
  other: Socket<Pipe> | undefined;
  /** Bytes that wait: for the other side to be connected, or to take more. */
  waiting: Buffer;
}

/** Makes an authority and a certificate for the names in `folder`, and listens on port 443 of this network. */
export async function encryptVenue(options: {
  readonly folder: string;
  readonly names: readonly string[];
  readonly plainPort: number;
}): Promise<EncryptedVenue> {
  const { folder, names, plainPort } = options;
  const made = await makeCertificates(folder, names);
  const hosts = new Set<string>();
  const plain = { hostname: "127.0.0.1", port: plainPort };
  const server = Bun.listen<Pipe>({
    hostname: "127.0.0.1",
    port: 443,
    tls: { key: Bun.file(made.key), cert: Bun.file(made.certificate) },
    socket: {
      ...PIPING,
      open: (near) => {
        near.data = { other: undefined, waiting: Buffer.alloc(0) };
        void Bun.connect<Pipe>({
          ...plain,
          data: { other: near, waiting: Buffer.alloc(0) },
          socket: {
            ...PIPING,
            open: (far) => {
              near.data.other = far;
              push(far, near.data);
            },
          },
        });
      },
      handshake: (near) => {
        const name = near.getServername();
        if (typeof name === "string") hosts.add(name);
      },
    },
  });
  return { hosts: () => [...hosts].sort(), stop: () => server.stop(true) };
}

/** Sends what waits in `source` to `target`, and keeps what it does not take. */
function push(target: Socket<Pipe>, source: Pipe): void {
  source.waiting = source.waiting.subarray(Math.max(target.write(source.waiting), 0));
}

const PIPING = {
  data: (socket: Socket<Pipe>, bytes: Buffer) => {
    socket.data.waiting = Buffer.concat([socket.data.waiting, bytes]);
    if (socket.data.other !== undefined) push(socket.data.other, socket.data);
  },
  drain: (socket: Socket<Pipe>) => {
    if (socket.data.other !== undefined) push(socket, socket.data.other.data);
  },
  close: (socket: Socket<Pipe>) => void socket.data.other?.end(),
} as const;
