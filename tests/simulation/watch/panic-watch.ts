import { existsSync } from "node:fs";
import type { Keys } from "../../../lib/contract/keys.ts";
import type { Life } from "../engine/life.ts";
import type { Simulation } from "../engine/simulation.ts";
import type { ProcessHost } from "../roles/process-host.ts";
import type { VenueCall } from "../venue/simulated-venue.ts";
import type { Findings } from "./findings.ts";
import type { OrderCall } from "./order-call.ts";
import type { PositionWatch } from "./position-watch.ts";

/** Positions and an exit brain that fails for so long, while nothing keeps the watchdog from its work: a panic stands. */
const PANIC_MS_MAX = 12_000;
const SILENT_US = 3_000_000;
/** From the panic on, while nothing keeps the worker from its work: all is flat, or said to have failed. */
const FLAT_MS_MAX = 16_000;
/** What a fault leaves behind, a ban or a back-off, is over by then. */
const CALM_BEFORE_US = 4_000_000;
const LOOK_EVERY_US = 500_000;
/** How long an entry that was signed before the halt may still arrive at the venue, and its position then not be listed. */
const PROOF_AFTER_US = 4_000_000;

interface Failure {
  readonly eventId: string;
  /** Signs of life of the exit brain before: beats that Redis took, healthy answers of its own. */
  readonly signs: number;
}

/** Invariant 6: what becomes of positions that nobody guards, read from the streams, the halt file and the venue. */
export class PanicWatch {
  readonly #simulation: Simulation;
  readonly #keys: Keys;
  readonly #findings: Findings;
  readonly #positions: PositionWatch;
  readonly #haltFile: string;
  readonly #hosts: ReadonlyMap<string, ProcessHost>;
  readonly #calmUs: () => number | undefined;
  #signs = 0;
  #lastBeatUs = 0;
  /** The newest beat said so of its own. */
  #degraded = false;
  #unguardedUs = 0;
  #closingUs = 0;
  #running: string | undefined;
  /** When each panic was handed over, by whichever way was first. */
  readonly #calledUs = new Map<string, number>();
  /** When the worker halted trading for each panic, by its own word in Redis. */
  readonly #takenUs = new Map<string, number>();
  #socketUs: number | undefined;
  #flatSince: string | undefined;
  /** An operator has cleared the halt since the newest panic was called: what follows is on their word. */
  #cleared = false;
  /** Redis has the halt, by the last that was written to it. */
  #halted = false;
  /** Panics for which Redis had to be halted anew while another one ran. */
  readonly #haltedAnew = new Set<string>();
  #last: Failure | undefined;
  readonly #events = new Set<string>();

  constructor(parts: {
    readonly simulation: Simulation;
    readonly keys: Keys;
    readonly findings: Findings;
    readonly positions: PositionWatch;
    readonly haltFile: string;
    readonly hosts: readonly ProcessHost[];
    /** Virtual µs since anything was broken; undefined while something is. */
    readonly calmUs: () => number | undefined;
  }) {
    this.#simulation = parts.simulation;
    this.#keys = parts.keys;
    this.#findings = parts.findings;
    this.#positions = parts.positions;
    this.#haltFile = parts.haltFile;
    this.#calmUs = parts.calmUs;
    this.#hosts = new Map(parts.hosts.map((host) => [host.role.name, host]));
    if (this.#hosts.has("watchdog")) this.#look();
  }

  get panics(): number {
    return this.#events.size;
  }

  /** Redis forgot what stood in the streams. */
  stateLost(): void {
    this.#halted = false;
    this.#last = undefined;
    this.#forget(0);
  }

  /** What was written after that moment is not there any more. */
  rolledBack(toUs: number): void {
    this.#forget(toUs);
    this.#halted = this.#simulation.redisNetwork.look("HGET", this.#keys.tradingState, "halted") === "true";
  }

  /** A panic that stood in the stream alone is not there any more: nobody has heard of it. */
  #forget(sinceUs: number): void {
    const running = this.#running;
    if (running === undefined || this.#takenUs.has(running) || this.#socketUs !== undefined) return;
    if ((this.#calledUs.get(running) ?? 0) <= sinceUs) return;
    this.#running = undefined;
    this.#events.delete(running);
  }

  after(args: readonly string[]): void {
    if (args[0] === "HSET" && args[1] === this.#keys.tradingState) this.#switched(args);
    if (args[0] !== "XADD") return;
    const field = (name: string) => args[args.indexOf(name, 2) + 1] ?? "";
    if (args[1] === this.#keys.heartbeatStream) {
      this.#signs += 1;
      this.#lastBeatUs = this.#simulation.timeline.nowUs;
      this.#degraded = field("status") === "DEGRADED";
    }
    if (args[1] === this.#keys.panicStream) this.called(field("event_id"), field("issued_by"));
    if (args[1] === this.#keys.panicCompletedStream) this.#completed(field("event_id"), field("status"));
  }

  /** It has said that it is well; to the watchdog this ends a failure while Redis is away. */
  brainAnswered(): void {
    this.#signs += 1;
  }

  /** The worker has answered on its socket: it knows of a panic, whatever the stream says. */
  workerAnswered(): void {
    this.#socketUs ??= this.#simulation.timeline.nowUs;
  }

  /** A panic was handed to the worker, by the stream or the socket. */
  called(eventId: string, issuedBy: string, atUs = this.#simulation.timeline.nowUs): void {
    if (this.#events.has(eventId)) return;
    this.#events.add(eventId);
    if (this.#running !== undefined && !this.#halted) this.#haltedAnew.add(eventId);
    this.#running ??= eventId;
    this.#calledUs.set(eventId, this.#socketUs ?? atUs);
    this.#closingUs = 0;
    this.#flatSince = undefined;
    // One that the worker has had by its socket is halted for already: a clearing since then was of its halt.
    if (this.#socketUs === undefined) this.#cleared = false;
    if (issuedBy !== "watchdog") return;
    if (this.#last !== undefined && this.#last.eventId !== eventId && this.#last.signs === this.#signs) {
      this.#findings.report(6, `panic ${eventId} is a second one for the failure of ${this.#last.eventId}`);
    }
    this.#last = { eventId, signs: this.#signs };
  }

  /**
   * The panic for which trading has been halted, with positions open, since before that moment; in words. One that the
   * worker has not read yet has no halt that could be cleared: its own follows.
   */
  openSince(atUs: number): string | undefined {
    const running = this.#running;
    if (running === undefined || (this.#takenUs.get(running) ?? atUs) >= atUs) return undefined;
    const open = this.#positions.open();
    return open.length === 0 ? undefined : `panic ${running} runs, open: ${open.join(", ")}`;
  }

  #switched(args: readonly string[]): void {
    this.#halted = !args.includes("false");
    if (this.#halted) {
      const by = args[args.indexOf("event_id") + 1] ?? "";
      if (!this.#takenUs.has(by)) this.#takenUs.set(by, this.#simulation.timeline.nowUs);
      return;
    }
    this.#flatSince = undefined;
    this.#cleared = true;
    this.#last = undefined;
  }

  #completed(eventId: string, status: string): void {
    if (status === "flat") {
      const open = this.#positions.open();
      if (open.length > 0)
        this.#findings.report(6, `panic ${eventId} is said to be flat, open: ${open.join(", ")}`);
      if (!this.#cleared) this.#flatSince = eventId;
      const afterUs = this.#simulation.timeline.nowUs - (this.#calledUs.get(eventId) ?? 0);
      if (afterUs < PROOF_AFTER_US) {
        this.#findings.report(6, `panic ${eventId} is said to be flat ${afterUs / 1000} ms after its halt`);
      }
    }
    if (status === "failed" && !this.#cleared) this.#failed(eventId);
    if (status === "joined" && this.#haltedAnew.has(eventId)) this.#endedByAnother(eventId);
    if (status === "flat" || status === "failed") this.#running = undefined;
    this.#socketUs = undefined;
  }

  /** An alarm is the end of a panic only where something kept the worker from its work. */
  #failed(eventId: string): void {
    const afterUs = this.#simulation.timeline.nowUs - (this.#calledUs.get(eventId) ?? 0);
    if ((this.#calmUs() ?? 0) < afterUs + CALM_BEFORE_US) return;
    this.#findings.report(6, `panic ${eventId} has failed, and nothing was broken`);
  }

  /** A run that it joined is flat; its own halt is the newer one. */
  #endedByAnother(eventId: string): void {
    const afterUs = this.#simulation.timeline.nowUs - (this.#calledUs.get(eventId) ?? 0);
    if (afterUs >= PROOF_AFTER_US) return;
    this.#findings.report(6, `panic ${eventId} ended with another's run ${afterUs / 1000} ms after its halt`);
  }

  /** The worker sends something that changes the account. */
  sent(call: VenueCall, life: Life): void {
    if (life.place.name !== "worker" || call.method === "GET" || call.url.includes("/leverage")) return;
    if (this.#cleared || existsSync(this.#haltFile)) return;
    this.#findings.report(
      6,
      `the worker acts before the halt stands: ${call.method} ${call.url.split("?")[0]}`,
    );
  }

  /** What the worker closes with can only reduce, by its own words to the venue. */
  ordered(order: OrderCall, life: Life): void {
    if (life.place.name !== "worker" || order.reduces) return;
    this.#findings.report(3, `the worker sends ${order.clientOrderId} as an order that may enlarge`);
  }

  served(order: OrderCall, executed: boolean): void {
    if (!executed || order.reduces || this.#flatSince === undefined) return;
    this.#findings.report(
      6,
      `${order.clientOrderId} opened a position after panic ${this.#flatSince} was flat`,
    );
  }

  #look(): void {
    const { timeline } = this.#simulation;
    timeline.after(LOOK_EVERY_US, timeline.nobody, "panic watch", () => {
      const open = this.#positions.open();
      const failing = this.#failing(timeline.nowUs);
      const guarded = open.length === 0 || failing === undefined || this.#running !== undefined;
      if (guarded) this.#unguardedUs = 0;
      else if (this.#works("watchdog")) this.#unguardedUs += LOOK_EVERY_US;
      if (this.#unguardedUs > PANIC_MS_MAX * 1000) {
        this.#findings.report(
          6,
          `${open.join(", ")} open, the exit brain ${failing} for ${PANIC_MS_MAX} calm ms, and no panic`,
        );
      }
      if (this.#running === undefined) this.#closingUs = 0;
      else if (this.#works("worker")) this.#closingUs += LOOK_EVERY_US;
      if (this.#closingUs > FLAT_MS_MAX * 1000) {
        this.#findings.report(6, `panic ${this.#running} has no end after ${FLAT_MS_MAX} calm ms`);
      }
      this.#look();
    });
  }

  /** How the exit brain fails its positions now, by the contract; undefined when it does not. */
  #failing(nowUs: number): string | undefined {
    if (nowUs - this.#lastBeatUs > SILENT_US) return "silent";
    return this.#degraded ? "DEGRADED" : undefined;
  }

  /** Nothing keeps it from its work now. */
  #works(name: string): boolean {
    const host = this.#hosts.get(name);
    const calmUs = this.#calmUs();
    return host?.life !== undefined && calmUs !== undefined && calmUs > LOOK_EVERY_US;
  }
}
