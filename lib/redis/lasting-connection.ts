import { type BackOff, createBackOff } from "./back-off.ts";
import type { RedisCommands, RedisConnection, RedisOptions } from "./connection.ts";
import {
  isRedisError,
  RedisOutcomeUnknownError,
  RedisReplyError,
  RedisUnavailableError,
} from "./redis-errors.ts";
import { type RedisDependency, type RedisState, redisDependency, refusalAfter } from "./redis-state.ts";
import { integerReply, listReply, type RedisArgument, type RedisReply, textReply } from "./reply.ts";
import { createServerClock } from "./server-clock.ts";
import type { OpenWire, WireClient } from "./wire.ts";

/** A TIME a second: finds a server that hangs while nobody asks it anything, and follows its clock. */
const PULSE_EVERY_MS = 1000;
/** Pulses from one look at what the caller checks to the next. */
const PULSES_A_LOOK = 10;

/** How long a server may be read-only until its address is looked up again. */
const READ_ONLY_MS_MAX = 5000;
/** A server's clock that goes back by more was set back: what is dated by this connection is wrong by as much. */
const SET_BACK_MS_MAX = 1000;
/** What Redis 7 says of a function that was flushed or never loaded. */
const FUNCTION_GONE = "Function not found";

/** A connection over wires of this kind; connects in the background and never gives up. */
export function connectRedisOver(openWire: OpenWire, options: RedisOptions): RedisConnection {
  return new LastingConnection(openWire, options);
}

class LastingConnection implements RedisConnection {
  readonly #openWire: OpenWire;
  readonly #options: RedisOptions;
  readonly deadlineMs: number;
  readonly #serverClock = createServerClock();
  readonly #backOff: BackOff;
  readonly #closing = new AbortController();
  readonly #waiting = new Set<() => void>();
  readonly #running: Promise<void>;
  #wire: WireClient | undefined;
  #replicationId: string | undefined;
  #state: RedisState;

  constructor(openWire: OpenWire, options: RedisOptions) {
    this.#openWire = openWire;
    this.#options = options;
    this.deadlineMs = options.deadlineMs ?? 500;
    this.#backOff = createBackOff({ firstMs: 25, maxMs: 1000, random: options.random });
    const sinceMs = options.clock.nowMs();
    this.#state = { kind: "connecting", sinceMs, lastError: undefined, refusal: undefined };
    this.#running = this.#keepConnected();
  }

  get state(): RedisState {
    return this.#state;
  }

  dependency(): RedisDependency {
    return redisDependency(this.#state);
  }

  command(...[args, how]: Parameters<RedisCommands["command"]>): Promise<RedisReply> {
    if (this.#wire === undefined || this.#state.kind !== "ready") {
      const why = this.#state.lastError ?? "not connected yet";
      return Promise.reject(new RedisUnavailableError(`Redis is ${this.#state.kind}: ${why}`));
    }
    return this.#wire.send(args, how?.deadlineMs ?? this.deadlineMs);
  }

  serverNowMs(): number {
    const offset = this.#serverClock.offsetMs();
    if (offset === undefined) throw new RedisUnavailableError("the Redis server's clock is not known yet");
    return Math.floor(this.#options.clock.monotonicMs() + offset);
  }

  whenReady(signal?: AbortSignal): Promise<void> {
    const { kind } = this.#state;
    if (kind === "ready" || kind === "closed" || signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal?.addEventListener("abort", wake);
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#move("closed");
    await this.#running;
  }

  #move(kind: RedisState["kind"], lastError?: string): void {
    const before = this.#state;
    if (before.kind === "closed" || (before.kind === kind && before.lastError === lastError)) return;
    const sinceMs = before.kind === kind ? before.sinceMs : this.#options.clock.nowMs();
    this.#state = { kind, sinceMs, lastError, refusal: before.refusal };
    if (kind === "ready") this.#options.log.info({ redis: kind }, "Redis is ready");
    else if (kind !== "closed")
      this.#options.log.warn({ redis: kind, error: lastError }, "Redis is not ready");
    if (kind === "ready" || kind === "closed") for (const wake of [...this.#waiting]) wake();
  }

  /** Runs after every command: as cheap as a comparison while nothing is refused. */
  #onSettled(args: readonly RedisArgument[], error: Error | undefined): void {
    if (error === undefined && this.#state.refusal === undefined) return;
    // Not from within the client's own reply handling.
    if (error?.message.includes(FUNCTION_GONE)) queueMicrotask(() => this.#wire?.abandon(error.message));
    const refusal = refusalAfter(this.#state.refusal, { args, error });
    if (refusal === this.#state.refusal) return;
    this.#state = { ...this.#state, refusal };
    if (refusal === undefined) this.#options.log.info({}, "Redis takes writes again");
    else this.#options.log.error({ refusal }, "Redis refuses");
  }

  async #keepConnected(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      try {
        this.#wire = await this.#establish();
      } catch (error) {
        const late = error instanceof RedisOutcomeUnknownError && error.code === "REDIS_DEADLINE";
        this.#move(late ? "hung" : "down", error instanceof Error ? error.message : String(error));
        await this.#options.clock.sleep(this.#backOff.next(), this.#closing.signal);
        continue;
      }
      this.#backOff.reset();
      this.#move("ready");
      await this.#serve(this.#wire);
    }
  }

  /** One connection, checked: the clock measured and the caller's check passed. */
  async #establish(): Promise<WireClient> {
    const wire = await this.#openWire({
      url: this.#options.url,
      name: this.#options.name,
      connectDeadlineMs: this.deadlineMs,
      socketTimeoutMs: 2 * this.deadlineMs + PULSE_EVERY_MS,
      signal: this.#closing.signal,
      onSettled: (args, error) => this.#onSettled(args, error),
    });
    try {
      await this.#measureClock(wire);
      this.#replicationId = await this.#readReplicationId(wire);
      await this.#options.onConnected?.(this.#commandsOn(wire));
      return wire;
    } catch (error) {
      wire.destroy();
      throw error;
    }
  }

  #commandsOn(wire: WireClient): RedisCommands {
    return {
      command: (args, how) => wire.send(args, how?.deadlineMs ?? this.deadlineMs),
      serverNowMs: () => this.serverNowMs(),
      deadlineMs: this.deadlineMs,
    };
  }

  /** Asks the caller's check again; a fault of Redis says nothing of it. */
  async #lookAgain(wire: WireClient): Promise<void> {
    let doubt: string | undefined;
    try {
      await this.#options.stillSound?.(this.#commandsOn(wire));
    } catch (error) {
      if (isRedisError(error)) return;
      doubt = error instanceof Error ? error.message : String(error);
    }
    if (this.#state.kind !== "ready" || doubt === this.#state.doubt) return;
    this.#state = { ...this.#state, doubt };
    if (doubt === undefined) this.#options.log.info({}, "Redis is as it was checked again");
    else this.#options.log.error({ doubt }, "Redis is not as it was checked any more");
  }

  /** Until this connection is of no more use. */
  async #serve(wire: WireClient): Promise<void> {
    const stop = new AbortController();
    const pulse = this.#pulse(wire, stop.signal);
    const end = await wire.ended;
    this.#wire = undefined;
    this.#move(end.kind === "overrun" ? "hung" : "down", end.error.message);
    stop.abort();
    await pulse;
  }

  async #pulse(wire: WireClient, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    let writableAt = clock.monotonicMs();
    for (let pulse = 1; ; pulse += 1) {
      await clock.sleep(PULSE_EVERY_MS, signal);
      if (signal.aborted) return;
      if (pulse % PULSES_A_LOOK === 0) await this.#lookAgain(wire);
      const refusal = this.#state.refusal ?? "";
      if (!refusal.startsWith("READONLY")) writableAt = clock.monotonicMs();
      else if (clock.monotonicMs() - writableAt >= READ_ONLY_MS_MAX) return wire.abandon(refusal);
      // A failure ends the connection, which is noticed there.
      const setBackMs = await this.#measureClock(wire).catch(() => 0);
      if (setBackMs > SET_BACK_MS_MAX)
        return wire.abandon(`its clock was set back by ${Math.round(setBackMs)} ms`);
      const id = await this.#readReplicationId(wire).catch(() => undefined);
      if (id !== undefined && this.#replicationId !== undefined && id !== this.#replicationId)
        return wire.abandon("its replication id changed: the data may be another server's");
    }
  }

  /** Names the history of the server's data; a replica that is promoted begins one. Undefined: it may not say. */
  async #readReplicationId(wire: WireClient): Promise<string | undefined> {
    try {
      const replication = textReply(await wire.send(["INFO", "replication"], this.deadlineMs));
      return /^master_replid:(\w+)/m.exec(replication)?.[1];
    } catch (error) {
      if (error instanceof RedisReplyError) return undefined;
      throw error;
    }
  }

  /** How far the server's clock went back since it was measured last, ms. */
  async #measureClock(wire: WireClient): Promise<number> {
    const before = this.#serverClock.offsetMs();
    const sentAt = this.#options.clock.monotonicMs();
    const [seconds, micros] = listReply(await wire.send(["TIME"], this.deadlineMs));
    const serverMs = integerReply(seconds) * 1000 + Math.floor(integerReply(micros) / 1000);
    this.#serverClock.observe({ sentAt, receivedAt: this.#options.clock.monotonicMs(), serverMs });
    // By the sample's upper bound: a slow answer is no clock that was set back.
    return before === undefined ? 0 : before - (serverMs + 1 - sentAt);
  }
}
