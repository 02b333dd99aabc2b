import type { Hono } from "hono";
import { ConfigurationError, type ConfigurationFault } from "./configuration-fault.ts";
import type { OpenSurface } from "./daemon-spec.ts";

export interface AdminServer {
  /** `http://127.0.0.1:9101`, or `unix:///path`. */
  readonly url: string;
  stop(): Promise<void>;
}

export type AdminAddress = { readonly host: string; readonly port: number } | { readonly unixSocket: string };

/** First path parts that belong to the admin application; everything else may be an open surface's. */
const ADMIN_PATH = /^\/(?:healthz|readyz|metrics|version|config|v1(?:\/.*)?)$/;
/** Above the admin limit, so that refusals are ours and in JSON; a bound against being filled up all the same. */
const BUN_BODY_BYTES_MAX = 1024 * 1024;

/** Listens. Throws ConfigurationError when the port is taken or may not be used. */
export function serveAdmin(
  app: Hono,
  address: AdminAddress,
  openSurface: OpenSurface | undefined,
): AdminServer {
  const handling = {
    development: false,
    maxRequestBodySize: BUN_BODY_BYTES_MAX,
    websocket: openSurface?.websocket ?? { message: () => undefined },
    async fetch(request: Request, server: Bun.Server<unknown>): Promise<Response | undefined> {
      // A Host header that is none leaves no URL to parse: the admin application refuses it in its own form.
      const path = URL.parse(request.url)?.pathname;
      if (openSurface !== undefined && path !== undefined && !ADMIN_PATH.test(path)) {
        return openSurface.fetch(request, server);
      }
      return app.fetch(request);
    },
  };
  try {
    // Without `reusePort: false`, `development: false` lets a second process listen on the same port and
    // take half of the requests.
    const server =
      "unixSocket" in address
        ? Bun.serve({ ...handling, unix: address.unixSocket })
        : Bun.serve({ ...handling, hostname: address.host, port: address.port, reusePort: false });
    const url = "unixSocket" in address ? `unix://${address.unixSocket}` : server.url.origin;
    return { url, stop: () => server.stop(true) };
  } catch (error) {
    throw new ConfigurationError([listenFault(address, error)]);
  }
}

function listenFault(address: AdminAddress, error: unknown): ConfigurationFault {
  const why = error instanceof Error ? error.message : String(error);
  if ("unixSocket" in address) {
    return { name: address.unixSocket, problem: `this socket cannot be listened on: ${why}` };
  }
  const { host, port } = address;
  return {
    name: "ADMIN_PORT",
    problem: `${host}:${port} cannot be listened on: ${why}; 0 takes any free port`,
  };
}
