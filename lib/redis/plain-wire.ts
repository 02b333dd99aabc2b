/**
 * A wire of a socket and a parser alone, for a role that must be small: node-redis with its table of every command is
 * half of a binary's code. The watchdog keeps node-redis: a fault of this wire must not blind who watches for it.
 *
 * 1. It keeps what `WireClient` promises, as the other wire does.
 * 2. Commands are written in the order in which they are sent, and replies belong to them in that order: RESP has no
 *    other tie. So after the first doubt the connection is destroyed, and no reply is read any more.
 * 3. Over TLS nothing is written, the password included, before the server's certificate was verified.
 */
import { type ByteStream, openByteStream } from "./byte-stream.ts";
import { createDeadlineQueue, type DeadlineQueue } from "./deadline-queue.ts";
import { type RedisAddress, redisAddress } from "./redis-address.ts";
import { RedisOutcomeUnknownError, RedisReplyError, RedisUnavailableError } from "./redis-errors.ts";
import type { RedisArgument, RedisReply } from "./reply.ts";
import { createReplyParser, type ReplyParser } from "./reply-parser.ts";
import type { WireClient, WireEnd, WireOptions } from "./wire.ts";

/** Unanswered commands on one connection. */
const QUEUE_MAX = 20_000;

/** Connects. Rejects with RedisUnavailableError, RedisReplyError (AUTH) or, in time, RedisOutcomeUnknownError. */
export async function openPlainWire(options: WireOptions): Promise<WireClient> {
  const address = redisAddress(options.url);
  const wire = new PlainWire(address, options);
  await wire.open(address);
  return {
    ended: wire.ended,
    send: (args, deadlineMs) => wire.send(args, deadlineMs),
    destroy: () => wire.destroy(),
    abandon: (why) => wire.abandon(why),
  };
}

interface Unanswered {
  readonly args: readonly RedisArgument[];
  readonly ticket: ReturnType<DeadlineQueue["start"]>;
  resolve(reply: RedisReply): void;
  reject(error: Error): void;
}

class PlainWire {
  readonly ended: Promise<WireEnd>;
  readonly #resolveEnded: (end: WireEnd) => void;
  readonly #options: WireOptions;
  readonly #stream: ByteStream;
  readonly #established: Promise<void>;
  readonly #deadlines: DeadlineQueue;
  #unanswered: Unanswered[] = [];
  #receivedAt = performance.now();
  #silence: ReturnType<typeof setTimeout> | undefined;
  #end: WireEnd | undefined;

  constructor({ socket: to }: RedisAddress, options: WireOptions) {
    this.#options = options;
    const { promise, resolve } = Promise.withResolvers<WireEnd>();
    this.ended = promise;
    this.#resolveEnded = resolve;
    this.#deadlines = createDeadlineQueue((deadlineMs) => {
      const late = new RedisOutcomeUnknownError("REDIS_DEADLINE", `no reply within ${deadlineMs} ms`);
      this.#finish("overrun", late);
    });
    const { promise: established, resolve: establish } = Promise.withResolvers<void>();
    this.#established = established;
    const parser = createReplyParser((reply) => this.#answer(reply));
    this.#stream = openByteStream(to, {
      connected: establish,
      received: (bytes) => this.#take(parser, bytes),
      ended: (error) => this.#finish("lost", error),
    });
    this.#endWith(options.signal);
    this.#watchSilence(options.socketTimeoutMs);
  }

  /** Waits for the connection and says who we are. */
  async open({ username, password, database }: RedisAddress): Promise<void> {
    const { connectDeadlineMs, name } = this.#options;
    const late = setTimeout(() => {
      const said = `no connection within ${connectDeadlineMs} ms`;
      this.#finish("overrun", new RedisOutcomeUnknownError("REDIS_DEADLINE", said));
    }, connectDeadlineMs);
    try {
      await Promise.race([this.#established, this.#failure()]);
      const who = username === "" ? [password] : [username, password];
      const greetings = [["CLIENT", "SETNAME", name]];
      if (username !== "" || password !== "") greetings.unshift(["AUTH", ...who]);
      if (database !== 0) greetings.push(["SELECT", String(database)]);
      await Promise.all(greetings.map((args) => this.send(args, connectDeadlineMs)));
    } catch (error) {
      this.destroy();
      // The end's own reason, not that of whichever greeting it met.
      const cause = this.#end?.kind === "destroyed" ? error : (this.#end?.error ?? error);
      if (cause instanceof RedisReplyError || cause instanceof RedisOutcomeUnknownError) throw cause;
      throw new RedisUnavailableError(`cannot connect: ${messageOf(cause)}`, { cause });
    } finally {
      clearTimeout(late);
    }
  }

  /** Rejects, and never throws: a caller may have sent the first half of a transaction. */
  send(args: readonly RedisArgument[], deadlineMs: number): Promise<RedisReply> {
    const refusal = this.#refusal();
    if (refusal !== undefined) return Promise.reject(refusal);
    const { promise, resolve, reject } = Promise.withResolvers<RedisReply>();
    let bytes: string | Buffer;
    try {
      bytes = encode(args);
    } catch (error) {
      reject(error);
      return promise;
    }
    this.#unanswered.push({ args, ticket: this.#deadlines.start(deadlineMs), resolve, reject });
    this.#stream.write(bytes);
    return promise;
  }

  destroy(): void {
    this.#finish("destroyed", new Error("closed by us"));
  }

  abandon(why: string): void {
    this.#finish("lost", new Error(why));
  }

  #take(parser: ReplyParser, bytes: Buffer): void {
    if (this.#end !== undefined) return;
    this.#receivedAt = performance.now();
    try {
      parser.push(bytes);
    } catch (error) {
      this.#finish("lost", error instanceof Error ? error : new Error(String(error)));
    }
  }

  #endWith(signal: AbortSignal | undefined): void {
    const destroy = () => this.destroy();
    if (signal?.aborted) destroy();
    signal?.addEventListener("abort", destroy);
    void this.ended.then(() => signal?.removeEventListener("abort", destroy));
  }

  /** Ends it when nothing was received for so long; as late as a deadline, for the same reason. */
  #watchSilence(limitMs: number): void {
    const look = (again: boolean) => {
      if (this.#end !== undefined) return;
      const leftMs = this.#receivedAt + limitMs - performance.now();
      if (leftMs > 0) this.#silence = setTimeout(() => look(true), leftMs);
      else if (again) this.#silence = setTimeout(() => look(false), 1);
      else this.#finish("lost", new Error(`nothing was received for ${limitMs} ms`));
    };
    look(true);
  }

  #answer(reply: RedisReply | RedisReplyError): void {
    // What was parsed in one chunk with the reason of the end is not believed either.
    if (this.#end !== undefined) return;
    const oldest = this.#unanswered.shift();
    if (oldest === undefined) {
      this.#finish("lost", new Error("a reply to nothing"));
      return;
    }
    this.#deadlines.settle(oldest.ticket);
    const refused = reply instanceof RedisReplyError;
    this.#options.onSettled?.(oldest.args, refused ? reply : undefined);
    if (refused) oldest.reject(reply);
    else oldest.resolve(reply);
  }

  /** Nothing is written to a connection that is over. */
  #refusal(): Error | undefined {
    if (this.#end !== undefined) {
      return new RedisUnavailableError(`not sent: ${this.#end.error.message}`, { cause: this.#end.error });
    }
    return this.#unanswered.length < QUEUE_MAX
      ? undefined
      : new RedisUnavailableError("not sent: the queue is full");
  }

  async #failure(): Promise<never> {
    throw (await this.ended).error;
  }

  #finish(kind: WireEnd["kind"], error: Error): void {
    if (this.#end !== undefined) return;
    this.#end = { kind, error };
    this.#deadlines.stop();
    clearTimeout(this.#silence);
    this.#stream.destroy();
    const unanswered = this.#unanswered;
    this.#unanswered = [];
    for (const { args, reject } of unanswered) {
      const failure = fateOf(String(args[0]), this.#end);
      this.#options.onSettled?.(args, failure);
      reject(failure);
    }
    this.#resolveEnded(this.#end);
  }
}

/** What is known of a command that was sent and not answered. */
function fateOf(name: string, { kind, error }: WireEnd): RedisOutcomeUnknownError {
  if (kind === "overrun")
    return new RedisOutcomeUnknownError("REDIS_DEADLINE", `${name}: ${error.message}`, error);
  const said = `connection lost during ${name}: ${error.message}`;
  return new RedisOutcomeUnknownError("REDIS_CONNECTION_LOST", said, error);
}

/** A command as RESP sends it. Throws TypeError for what is neither text nor bytes: our own mistake. */
function encode(args: readonly RedisArgument[]): string | Buffer {
  return asciiCommand(args) ?? anyCommand(args);
}

/** Undefined unless every argument is ASCII text, whose length is known: asking for each takes twice as long. */
function asciiCommand(args: readonly RedisArgument[]): string | undefined {
  const lines = [`*${args.length}`];
  for (const arg of args) {
    if (typeof arg !== "string") return undefined;
    lines.push(`$${arg.length}`, arg);
  }
  lines.push("");
  const command = lines.join("\r\n");
  return Buffer.byteLength(command) === command.length ? command : undefined;
}

function anyCommand(args: readonly RedisArgument[]): string | Buffer {
  const parts = args.map((one) => (typeof one === "string" ? textPart(one) : bytesPart(one)));
  const head = `*${args.length}\r\n`;
  if (parts.every((part) => typeof part === "string")) return head + parts.join("");
  return Buffer.concat([head, ...parts].map((part) => (typeof part === "string" ? Buffer.from(part) : part)));
}

function textPart(text: string): string {
  return `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
}

function bytesPart(bytes: Buffer): Buffer {
  if (!Buffer.isBuffer(bytes)) throw new TypeError("an argument of a command is text or bytes");
  return Buffer.concat([Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from("\r\n")]);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
