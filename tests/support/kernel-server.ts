import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@redis/client";
import { GROUPS } from "../../lib/contract/groups.ts";
import { type Keys, keysOf } from "../../lib/contract/keys.ts";
import type { FunctionCaller } from "../../lib/kernel/function-call.ts";
import { ensureLibrary } from "../../lib/kernel/library.ts";

/** A connection that calls server-side functions, and any command besides. */
export interface KernelClient extends FunctionCaller {
  text(...args: string[]): Promise<string>;
  flat(...args: string[]): Promise<string[]>;
}

/** A private redis-server with the kernel's library loaded, for tests of the functions themselves. */
export interface KernelServer extends AsyncDisposable {
  readonly keys: Keys;
  readonly client: KernelClient;
  /** One more connection; closed with the server. */
  connect(): Promise<KernelClient>;
  /** Empties it, arms trading and makes the router's group: an admission finds what it needs. */
  beginAnew(): Promise<void>;
  /** Runs `act` and returns the function calls that the server executed meanwhile, in its order. */
  monitor(act: () => Promise<void>): Promise<string[]>;
}

export async function startKernelServer(): Promise<KernelServer> {
  const folder = mkdtempSync(join(tmpdir(), "kernel-"));
  const path = join(folder, "redis.sock");
  const server = Bun.spawn(
    ["redis-server", "--port", "0", "--unixsocket", path, "--save", "", "--dir", folder, "--daemonize", "no"],
    { stdout: "ignore", stderr: "ignore" },
  );
  const open: { close(): Promise<void> | void }[] = [];
  const rawClient = async () => {
    const client = createClient({ RESP: 2, socket: { path, reconnectStrategy: 20 } });
    client.on("error", () => {});
    await client.connect();
    open.push({ close: () => client.destroy() });
    return client;
  };
  const connect = async (): Promise<KernelClient> => {
    const client = await rawClient();
    const command = async (args: readonly string[]): Promise<unknown> => client.sendCommand([...args]);
    return {
      command,
      text: async (...args) => String(await command(args)),
      flat: async (...args) => {
        const reply = await command(args);
        return Array.isArray(reply) ? reply.map(String) : [];
      },
      serverNowMs: () => Date.now(),
      deadlineMs: 20_000,
    };
  };
  const client = await connect();
  await ensureLibrary(client);
  const keys = keysOf("");
  return {
    keys,
    client,
    connect,
    beginAnew: async () => {
      await client.command(["FLUSHDB"]);
      await client.command(["SET", keys.kill, "0"]);
      await client.command(["XGROUP", "CREATE", keys.decisionStream, GROUPS.router, "0", "MKSTREAM"]);
    },
    monitor: async (act) => {
      const lines: string[] = [];
      const watcher = await rawClient();
      await watcher.monitor((line) => {
        const text = String(line);
        if (text.includes(' "FCALL" ') || text.includes(' "ECHO" ')) lines.push(text);
      });
      await act();
      const marker = crypto.randomUUID();
      await client.command(["ECHO", marker]);
      while (!lines.some((line) => line.includes(marker))) await Bun.sleep(1);
      watcher.destroy();
      return lines.filter((line) => line.includes(' "FCALL" '));
    },
    async [Symbol.asyncDispose]() {
      for (const connection of open) await connection.close();
      server.kill();
      await server.exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
