import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createClient } from "@redis/client";
import { type ChildProcess, startProcess } from "./child-process.ts";
import { waitFor } from "./wait-for.ts";

/** A plain connection for looking and arranging; the daemons use their own. RESP2, raw replies. */
export interface RedisEye {
  command(...args: string[]): Promise<unknown>;
  close(): void;
}

export interface RedisProcess {
  readonly socketPath: string;
  readonly url: string;
  readonly process: () => ChildProcess;
  eye(): Promise<RedisEye>;
  /** Starts it again on its append-only file, after it was stopped or killed; it must have loaded that in time (ms). */
  start(options?: { readonly withinMs: number }): Promise<void>;
}

/** With next to nothing to load (ms). */
const START_MS_MAX = 10_000;

/**
 * Starts a private redis-server on a unix socket, append-only file on. `appendfsync always` makes every
 * acknowledged write survive kill -9 of the server.
 */
export async function startRedis(options: {
  readonly folder: string;
  readonly appendfsync: "always" | "everysec";
  readonly extra?: readonly string[];
}): Promise<RedisProcess> {
  const folder = join(options.folder, "redis");
  mkdirSync(folder, { recursive: true });
  const socketPath = join(folder, "redis.sock");
  const command = [
    ["redis-server", "--port", "0", "--unixsocket", socketPath, "--dir", folder, "--save", ""],
    ["--appendonly", "yes", "--appendfsync", options.appendfsync, "--maxmemory-policy", "noeviction"],
    options.extra ?? [],
  ].flat();
  let child: ChildProcess;
  const eye = async (): Promise<RedisEye> => {
    const client = createClient({ RESP: 2, socket: { path: socketPath, reconnectStrategy: 50 } });
    client.on("error", () => {});
    await client.connect();
    return { command: (...args) => client.sendCommand(args), close: () => client.destroy() };
  };
  const start = async ({ withinMs } = { withinMs: START_MS_MAX }) => {
    child = startProcess({ name: "redis-server", command, env: {}, logFile: join(folder, "redis.log") });
    try {
      await waitFor("redis-server answers", () => answers(socketPath), { timeoutMs: withinMs, everyMs: 5 });
    } catch (error) {
      await child.stop();
      throw error;
    }
  };
  await start();
  return { socketPath, url: `unix://${socketPath}`, process: () => child, eye, start };
}

async function answers(socketPath: string): Promise<boolean> {
  let reply = "";
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = await Bun.connect({
    unix: socketPath,
    socket: {
      open: (opened) => void opened.write("PING\r\n"),
      data: (_socket, bytes) => {
        reply += bytes.toString();
        if (reply.includes("\r\n")) resolve(reply.startsWith("+PONG"));
      },
      close: () => resolve(false),
      error: () => resolve(false),
    },
  });
  const pong = await promise;
  socket.end();
  return pong;
}
