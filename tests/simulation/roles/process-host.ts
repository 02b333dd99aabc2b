import { mkdirSync } from "node:fs";
import type { DaemonParts } from "../../../lib/daemon/daemon-spec.ts";
import { ProcessExit } from "../../../lib/daemon/process-exit.ts";
import { type Life, newLife } from "../engine/life.ts";
import { newPlace, type Place } from "../engine/place.ts";
import type { Simulation } from "../engine/simulation.ts";
import { adminApplication } from "./admin-application.ts";
import type { Program } from "./programs.ts";
import { logOf } from "./role-context.ts";

export interface HostedRole {
  readonly name: string;
  readonly instance: string;
  readonly program: Program;
  readonly environment: Readonly<Record<string, string>>;
}

/** What a process died of by itself. */
export interface Death {
  readonly role: string;
  readonly error: unknown;
}

/** As the service manager restarts: this long after an end that nobody asked for, ms. */
const RESTART_MS = 3000;
const DRAIN_MS_MAX = 10_000;
const LOOK_EVERY_US = 500_000;

/**
 * The service manager of one role: starts it, starts it again when it ends, and kills it when it no longer beats. The
 * folder and the place stay from life to life.
 */
export class ProcessHost {
  readonly role: HostedRole;
  readonly place: Place;
  readonly #simulation: Simulation;
  readonly #onDeath: (death: Death) => void;
  #starts = 0;
  #life: Life | undefined;
  #parts: DaemonParts | undefined;
  #admin: ReturnType<typeof adminApplication> | undefined;
  #stop: AbortController | undefined;
  #lastBeatUs = 0;
  /** It is not to be started again by itself. */
  held = false;

  constructor(simulation: Simulation, role: HostedRole, onDeath: (death: Death) => void) {
    this.#simulation = simulation;
    this.role = role;
    this.place = newPlace(role.name);
    this.#onDeath = onDeath;
    mkdirSync(`${simulation.folder}/${role.name}`, { recursive: true });
    this.#look();
  }

  get life(): Life | undefined {
    return this.#life;
  }

  get parts(): DaemonParts | undefined {
    return this.#parts;
  }

  /** Every dependency is well. */
  ready(): boolean {
    if (this.#life === undefined || this.#parts === undefined) return false;
    return this.#parts.dependencies().every(({ ok }) => ok);
  }

  start(): void {
    if (this.#life !== undefined || this.held) return;
    const { timeline, trace } = this.#simulation;
    this.#starts += 1;
    const life = newLife(this.place, `${this.role.name}#${this.#starts}`);
    this.#life = life;
    this.#lastBeatUs = timeline.nowUs;
    trace.say(timeline.nowUs, life.name, "starts");
    const stop = new AbortController();
    this.#stop = stop;
    timeline.enter(life, () => void this.#live(life, stop.signal));
  }

  async #live(life: Life, signal: AbortSignal): Promise<void> {
    try {
      const { instance, environment } = this.role;
      const beat = () => {
        if (life.alive) this.#lastBeatUs = this.#simulation.timeline.nowUs;
      };
      const parts = await this.role.program.build(this.#simulation, life, { instance, environment, beat });
      if (this.#life === life) this.#begin(parts, life);
      await parts.run(signal);
      if (!signal.aborted) throw new Error("the role's loop ended although nobody asked it to");
      await parts.close?.();
      this.#end(life, "has stopped", 100);
    } catch (error) {
      if (!life.alive) return;
      this.#end(
        life,
        `dies: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
        RESTART_MS,
      );
      if (!(error instanceof ProcessExit)) this.#onDeath({ role: this.role.name, error });
    }
  }

  #begin(parts: DaemonParts, life: Life): void {
    this.#parts = parts;
    this.#admin = adminApplication(parts, {
      ...{ role: this.role.program.role, instance: this.role.instance, log: logOf(this.#simulation, life) },
      nowMs: () => this.#simulation.wallMs() + life.place.wallOffsetMs,
      beatAgeMs: () => this.beatAgeMs(),
    });
  }

  /** A request to its admin server; rejects while nobody listens. */
  async admin(request: Request): Promise<Response> {
    if (this.#admin === undefined) throw new Error(`${this.role.name} does not listen yet`);
    return this.#admin.fetch(request);
  }

  /** Ms since the last beat. */
  beatAgeMs(): number {
    return (this.#simulation.timeline.nowUs - this.#lastBeatUs) / 1000;
  }

  /** Gone at this instant, wherever it was. */
  crash(restartMs: number): void {
    if (this.#life !== undefined) this.#end(this.#life, "is killed", restartMs);
  }

  /** SIGTERM: it drains, or is killed when that takes too long. */
  stop(): void {
    const [life, stop] = [this.#life, this.#stop];
    if (life === undefined || stop === undefined || stop.signal.aborted) return;
    const { timeline, trace } = this.#simulation;
    trace.say(timeline.nowUs, life.name, "is asked to stop");
    timeline.enter(life, () => stop.abort());
    timeline.after(DRAIN_MS_MAX * 1000, timeline.nobody, "drain timeout", () => {
      if (life.alive) this.#end(life, "did not drain in time", 100);
    });
  }

  stall(ms: number): void {
    if (this.#life === undefined) return;
    const { timeline, trace } = this.#simulation;
    trace.say(timeline.nowUs, this.#life.name, `stalls for ${ms} ms`);
    this.#life.stalledUntilUs = timeline.nowUs + ms * 1000;
  }

  #end(life: Life, how: string, restartMs: number): void {
    if (!life.alive) return;
    const { timeline, trace, redisNetwork } = this.#simulation;
    trace.say(timeline.nowUs, life.name, how);
    life.alive = false;
    redisNetwork.leave(life);
    this.#life = undefined;
    this.#parts = undefined;
    this.#admin = undefined;
    timeline.after(restartMs * 1000, timeline.nobody, `restart ${this.role.name}`, () => this.start());
  }

  /** systemd's watchdog. */
  #look(): void {
    const { timeline } = this.#simulation;
    timeline.after(LOOK_EVERY_US, timeline.nobody, "watchdog looks", () => {
      const silentMs = this.beatAgeMs();
      if (this.#life !== undefined && silentMs > this.role.program.beatAgeMsMax) {
        this.#end(this.#life, `is silent for ${Math.round(silentMs)} ms, killed by its watchdog`, RESTART_MS);
      }
      this.#look();
    });
  }
}
