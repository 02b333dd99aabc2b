import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitUntil } from "./wait-until.ts";

export interface RedisServerOptions {
  /** Append-only file on; `everysec` unless said otherwise. */
  readonly aof?: boolean;
  readonly appendfsync?: "always" | "everysec" | "no";
  /** Further `redis-server` arguments: `["--maxmemory", "1mb"]`. */
  readonly args?: readonly string[];
}

/** A private redis-server on a unix socket in a folder of its own; `await using` ends it and removes the folder. */
export interface RedisServer extends AsyncDisposable {
  readonly url: string;
  readonly socket: string;
  readonly pid: number;
  /** One command through redis-cli; the text it prints. */
  cli(...args: string[]): Promise<string>;
  /** SIGTERM, or SIGKILL for `{ kill: true }`; waits for the end. */
  stop(options?: { readonly kill?: boolean }): Promise<void>;
  /** Stops if needed and starts on the same folder; `empty` removes its data first. */
  restart(options?: { readonly kill?: boolean; readonly empty?: boolean }): Promise<void>;
  /** SIGSTOP: the server hangs, its sockets stay open. */
  hang(): void;
  /** SIGCONT. */
  resume(): void;
}

type Child = ReturnType<typeof spawnServer>;

function spawnServer(folder: string, options: RedisServerOptions) {
  const persistence = options.aof
    ? ["--appendonly", "yes", "--appendfsync", options.appendfsync ?? "everysec"]
    : ["--appendonly", "no"];
  const command = ["redis-server", "--port", "0", "--unixsocket", join(folder, "redis.sock")];
  command.push("--unixsocketperm", "700", "--dir", folder, "--save", "", "--daemonize", "no");
  command.push("--loglevel", "warning", ...persistence, ...(options.args ?? []));
  return Bun.spawn(command, { stdout: "ignore", stderr: "ignore", stdin: "ignore" });
}

async function redisCli(socket: string, args: readonly string[]): Promise<string> {
  const child = Bun.spawn(["redis-cli", "-s", socket, ...args], { stdout: "pipe", stderr: "pipe" });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return `${out}${err}`.trimEnd();
}

async function answers(socket: string, child: Child): Promise<boolean> {
  if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`);
  // A server that asks for a password answers, too.
  return /^PONG|^NOAUTH/.test(await redisCli(socket, ["PING"]));
}

/** Starts a server and waits until it answers. */
export async function startRedisServer(options: RedisServerOptions = {}): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), "quantum-redis-"));
  const socket = join(folder, "redis.sock");
  let child = spawnServer(folder, options);
  const started = () => waitUntil("redis-server answers", () => answers(socket, child));

  const server: RedisServer = {
    url: `unix://${socket}`,
    socket,
    get pid() {
      return child.pid;
    },
    cli: (...args) => redisCli(socket, args),
    async stop(how = {}) {
      // A stopped process takes SIGTERM only after SIGCONT.
      child.kill("SIGCONT");
      child.kill(how.kill ? "SIGKILL" : "SIGTERM");
      await child.exited;
    },
    async restart(how = {}) {
      await server.stop(how);
      if (how.empty) await removeData(folder);
      child = spawnServer(folder, options);
      await started();
    },
    hang: () => child.kill("SIGSTOP"),
    resume: () => child.kill("SIGCONT"),
    async [Symbol.asyncDispose]() {
      await server.stop({ kill: true });
      await rm(folder, { recursive: true, force: true });
    },
  };
  await started();
  return server;
}

async function removeData(folder: string): Promise<void> {
  await rm(join(folder, "appendonlydir"), { recursive: true, force: true });
  await rm(join(folder, "dump.rdb"), { force: true });
}
