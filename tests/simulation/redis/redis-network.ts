import type { Chance } from "../engine/chance.ts";
import { Latency } from "../engine/latency.ts";
import type { Life } from "../engine/life.ts";
import type { Timeline } from "../engine/timeline.ts";
import type { Trace } from "../engine/trace.ts";
import { blockedRead, mayAppendTo, withoutBlock } from "./blocking-read.ts";
import type { Connection, PendingCommand } from "./connection.ts";
import { type Reply, ReplyError } from "./resp.ts";
import type { Session, TimedRedis } from "./timed-redis.ts";

/** Told of every command that the server is about to execute, and of what it answered. */
export interface CommandWatcher {
  before(args: readonly string[], life: Life): void;
  after(args: readonly string[], reply: Reply, life: Life): void;
}

/**
 * The way between the simulated processes and the real server.
 *
 * 1. The server executes one command at a time, when the timeline says that it arrived; its answer travels back as an
 *    event of its own.
 * 2. On one connection commands and replies keep their order, as TCP does. A line that is cut holds them; what was
 *    held may still arrive when it is mended, also for a caller that has given up.
 * 3. A read that blocks is asked without blocking; it is asked again after each command that names its stream, and
 *    answered nil at its deadline.
 */
export class RedisNetwork {
  readonly timeline: Timeline;
  readonly latency: Latency;
  readonly chance: Chance;
  readonly #trace: Trace;
  readonly #redis: TimedRedis;
  readonly #epochUs: number;
  readonly #connections = new Set<Connection>();
  readonly #parked = new Map<string, Set<ParkedRead>>();
  readonly #outsider: Session;
  #watcher: CommandWatcher | undefined;
  #executed: (args: readonly string[], life: Life) => void = () => undefined;
  /** Nothing is executed before (virtual µs); what arrives waits. */
  hungUntilUs = 0;
  /** Nobody can connect before (virtual µs). */
  downUntilUs = 0;
  #keptUs: number | undefined;

  constructor(parts: {
    readonly timeline: Timeline;
    readonly trace: Trace;
    readonly chance: Chance;
    readonly redis: TimedRedis;
    readonly epochMs: number;
  }) {
    this.timeline = parts.timeline;
    this.chance = parts.chance;
    this.latency = new Latency(parts.chance.branch("latency"));
    this.#trace = parts.trace;
    this.#redis = parts.redis;
    this.#epochUs = parts.epochMs * 1000;
    this.#outsider = parts.redis.open();
  }

  watch(watcher: CommandWatcher): void {
    this.#watcher = watcher;
  }

  /** Tells, besides the watcher, of every command that the server has executed. */
  onCommand(tell: (args: readonly string[], life: Life) => void): void {
    this.#executed = tell;
  }

  openSession(): Session {
    return this.#redis.open();
  }

  admit(connection: Connection): void {
    this.#connections.add(connection);
  }

  forget(connection: Connection): void {
    this.#connections.delete(connection);
  }

  /** What a hand of the test does or looks at; neither late nor lost, and not in the trace unless it writes. */
  look(...args: readonly string[]): Reply {
    this.#redis.setTime(this.#epochUs + this.timeline.nowUs);
    return this.#outsider.call(args);
  }

  /** A write from outside the simulated processes: an engine, an operator. */
  write(...args: readonly string[]): Reply {
    return this.execute(this.#outsider, args, this.timeline.current);
  }

  /** Executes one command now. */
  execute(session: Session, args: readonly string[], life: Life): Reply {
    this.#redis.setTime(this.#epochUs + this.timeline.nowUs);
    this.#watcher?.before(args, life);
    const reply = inOrder(args, session.call(args));
    this.#trace.say(
      this.timeline.nowUs,
      life.name,
      `redis ${commandText(args)} -> ${replyText(args, reply)}`,
    );
    this.#watcher?.after(args, reply, life);
    this.#executed(args, life);
    this.#wakeReaders(args);
    return reply;
  }

  /** A command has arrived at the server over a connection. */
  arrive(connection: Connection, pending: PendingCommand): void {
    const read = blockedRead(pending.args);
    if (read === undefined) {
      connection.answer(pending, this.execute(connection.session, pending.args, connection.life));
      return;
    }
    const parked: ParkedRead = { connection, pending, args: withoutBlock(pending.args), stream: read.stream };
    if (this.#tryRead(parked)) return;
    const waiting = this.#parked.get(read.stream) ?? new Set();
    this.#parked.set(read.stream, waiting.add(parked));
    this.timeline.after(read.blockMs * 1000, this.timeline.nobody, "BLOCK ends", () => {
      if (waiting.delete(parked) && connection.open) connection.answer(pending, null);
    });
  }

  #tryRead(parked: ParkedRead): boolean {
    const reply = this.execute(parked.connection.session, parked.args, parked.connection.life);
    if (reply === null) return false;
    parked.connection.answer(parked.pending, reply);
    return true;
  }

  #wakeReaders(args: readonly string[]): void {
    for (const stream of mayAppendTo(args)) {
      const waiting = this.#parked.get(stream);
      if (waiting === undefined) continue;
      for (const parked of [...waiting]) {
        if (!parked.connection.open || this.#tryRead(parked)) waiting.delete(parked);
      }
    }
  }

  /** Its disk has all that it holds now, and nothing of what comes after. */
  keepOnDisk(): void {
    this.look("SAVE");
    this.#keptUs = this.timeline.nowUs;
  }

  /** Whether its disk still has what it had at that moment. */
  isKept(atUs: number): boolean {
    return this.#keptUs === atUs;
  }

  /** Every connection is lost; and all data, or all of it since it was kept on disk. */
  restart(downMs: number, memory: "kept" | "emptied" | "rolled_back"): void {
    if (memory === "emptied") {
      this.look("FLUSHALL");
      this.look("FUNCTION", "FLUSH");
    }
    if (memory === "rolled_back") this.look("DEBUG", "RELOAD", "NOSAVE");
    this.#keptUs = undefined;
    this.#trace.say(this.timeline.nowUs, "redis", `restarts, memory ${memory}`);
    this.downUntilUs = this.timeline.nowUs + downMs * 1000;
    this.#parked.clear();
    for (const connection of [...this.#connections]) connection.lose("Socket closed unexpectedly");
  }

  /** One process has ended: its connections end; what was under way may still arrive. */
  leave(life: Life): void {
    for (const connection of [...this.#connections]) if (connection.life === life) connection.abandon();
  }

  /** Lines that were cut are mended: what they held moves again. */
  mend(): void {
    for (const connection of [...this.#connections]) connection.resume();
  }

  close(): void {
    for (const connection of [...this.#connections]) connection.abandon();
    this.#outsider.close();
  }
}

interface ParkedRead {
  readonly connection: Connection;
  readonly pending: PendingCommand;
  readonly args: readonly string[];
  readonly stream: string;
}

/** SCAN lists keys in an order that the server draws at its start and promises nobody, so they are sorted here. */
function inOrder(args: readonly string[], reply: Reply): Reply {
  if (args[0] !== "SCAN" || !Array.isArray(reply)) return reply;
  const [cursor = "0", keys] = reply;
  return [cursor, Array.isArray(keys) ? keys.map(String).sort() : []];
}

const ARGUMENT_LENGTH_MAX = 120;

function commandText(args: readonly string[]): string {
  return args
    .map((arg) => (arg.length > ARGUMENT_LENGTH_MAX ? `${arg.slice(0, ARGUMENT_LENGTH_MAX)}…` : arg))
    .join(" ");
}

function replyText(args: readonly string[], reply: Reply): string {
  // Lists its functions in an order that the server draws at its start.
  if (args[0] === "FUNCTION") return "(functions)";
  // Names its data's history by a number of chance.
  if (args[0] === "INFO") return "(information)";
  if (reply instanceof ReplyError) return `(error) ${reply.message}`;
  const text = JSON.stringify(reply);
  return text.length > 300 ? `${text.slice(0, 300)}…#${Bun.hash.wyhash(text).toString(16)}` : text;
}
