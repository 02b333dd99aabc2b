import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { type BlockingSocket, connectBlocking } from "./blocking-socket.ts";
import { decodeReply, encodeCommand, type Reply } from "./resp.ts";

/** A session with the server: one command at a time, its reply at once. */
export interface Session {
  call(args: readonly (string | Buffer)[]): Reply;
  close(): void;
}

/**
 * A real redis-server that lives in virtual time: Debian's libfaketime reads the clock from a file which is rewritten
 * before each command. TIME, TTLs, stream ids and idle times follow it; its monotonic clock is left alone.
 */
export interface TimedRedis {
  readonly folder: string;
  open(): Session;
  /** The wall clock of every command from now on, epoch µs. */
  setTime(epochUs: number): void;
  stop(): Promise<void>;
}

const FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";
/** Without it jemalloc and libfaketime call each other for ever. */
const LIBC = "/lib/x86_64-linux-gnu/libc.so.6";
const STARTS_WITHIN_MS = 20_000;

/** Starts one in a folder of memory, or of disk where there is none. */
export async function startTimedRedis(): Promise<TimedRedis> {
  const folder = mkdtempSync(join(inMemory() ? "/dev/shm" : "/tmp", "simulation-"));
  const timeFile = join(folder, "time");
  writeFileSync(timeFile, timeText(0));
  const path = join(folder, "redis.sock");
  const command = ["redis-server", "--port", "0", "--unixsocket", path, "--dir", folder, "--daemonize", "no"];
  const plain = ["--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction"];
  // Big hashes list in an order that the server draws at its start: compact ones list as they were written.
  const compact = ["hash-max-listpack", "zset-max-listpack"].flatMap((kind) => [
    ...[`--${kind}-entries`, "100000", `--${kind}-value`, "1000000"],
  ]);
  const server = Bun.spawn([...command, ...plain, ...compact, "--enable-debug-command", "yes", "--hz", "1"], {
    env: {
      PATH: Bun.env["PATH"] ?? "/usr/bin",
      TZ: "UTC",
      LD_PRELOAD: `${FAKETIME}:${LIBC}`,
      FAKETIME_TIMESTAMP_FILE: timeFile,
      FAKETIME_NO_CACHE: "1",
      DONT_FAKE_MONOTONIC: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    },
    stdout: "ignore",
    stderr: "inherit",
  });
  // Whatever ends this process, short of SIGKILL, ends its server too.
  const end = () => {
    server.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
    // libfaketime takes these away at an orderly end alone.
    for (const name of ["faketime_shm", "sem.faketime_sem"])
      rmSync(`/dev/shm/${name}_${server.pid}`, { force: true });
  };
  process.on("exit", end);
  const first = await firstSocket(path);
  first.close();
  const file = openSync(timeFile, "r+");
  let said = -1;
  return {
    folder,
    open: () => openSession(path),
    setTime: (epochUs) => {
      if (epochUs === said) return;
      said = epochUs;
      writeSync(file, timeText(epochUs), 0);
    },
    stop: async () => {
      closeSync(file);
      process.off("exit", end);
      end();
      await server.exited;
    },
  };
}

function inMemory(): boolean {
  try {
    rmSync(mkdtempSync("/dev/shm/simulation-"), { recursive: true });
    return true;
  } catch {
    return false;
  }
}

/** As libfaketime reads it: local time (TZ is UTC), all digits always there so that a rewrite leaves nothing over. */
function timeText(epochUs: number): string {
  const whole = new Date(Math.floor(epochUs / 1000)).toISOString();
  return `${whole.slice(0, 10)} ${whole.slice(11, 23)}${String(epochUs % 1000).padStart(3, "0")}`;
}

async function firstSocket(path: string): Promise<BlockingSocket> {
  const from = Bun.nanoseconds();
  for (;;) {
    const socket = connectBlocking(path);
    if (socket !== undefined) return socket;
    if (Bun.nanoseconds() - from > STARTS_WITHIN_MS * 1e6) throw new Error("redis-server did not start");
    await Bun.sleep(2);
  }
}

function openSession(path: string): Session {
  const socket = connectBlocking(path);
  if (socket === undefined) throw new Error("the Redis of the simulation is gone");
  return {
    call: (args) => {
      socket.send(encodeCommand(args));
      let bytes = Buffer.allocUnsafe(16_384);
      let length = 0;
      for (;;) {
        if (length === bytes.length) bytes = Buffer.concat([bytes, Buffer.allocUnsafe(bytes.length)]);
        length += socket.receive(bytes, length);
        const decoded = decodeReply(bytes.subarray(0, length));
        if (decoded !== undefined) return decoded.reply;
      }
    },
    close: () => socket.close(),
  };
}
