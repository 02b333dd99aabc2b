/** Where a server listens: a TCP port of loopback, or a unix socket. */
export type Place = { readonly port: number } | { readonly unix: string };

export interface RawReply {
  /** 0 where nothing that looks like a reply came. */
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

const PATIENCE_MS = 15_000;

/** Writes bytes as they are and reads until the server closes, or until it has said nothing more for a while. */
export async function rawCall(place: Place, bytes: string | Uint8Array): Promise<RawReply> {
  const chunks: Buffer[] = [];
  const ended = Promise.withResolvers<void>();
  const handlers = {
    data: (_socket: unknown, more: Buffer) => void chunks.push(Buffer.from(more)),
    close: () => ended.resolve(),
    error: () => ended.resolve(),
    connectError: () => ended.resolve(),
  };
  const socket =
    "port" in place
      ? await Bun.connect({ hostname: "127.0.0.1", port: place.port, socket: handlers })
      : await Bun.connect({ unix: place.unix, socket: handlers });
  socket.write(bytes);
  socket.flush();
  const timer = setTimeout(() => ended.resolve(), PATIENCE_MS);
  await ended.promise;
  clearTimeout(timer);
  socket.terminate();
  const text = Buffer.concat(chunks).toString("latin1");
  const at = text.indexOf("\r\n\r\n");
  const head = at < 0 ? text : text.slice(0, at);
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? 0);
  return { status, head, body: at < 0 ? "" : text.slice(at + 4) };
}

export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  /** undefined leaves a header out. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string | undefined;
}

/** The request as HTTP/1.1 that asks for the connection to be closed. */
export function httpBytes({ method, path, headers, body }: HttpRequest): Buffer {
  const payload = Buffer.from(body ?? "");
  const length = body === undefined ? [] : [["Content-Length", String(payload.length)]];
  const lines = [...Object.entries(headers), ...length, ["Connection", "close"]]
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}`);
  return Buffer.concat([
    Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`, "latin1"),
    payload,
  ]);
}
