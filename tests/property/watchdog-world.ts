import type { Heartbeat } from "../../lib/contract/heartbeat.ts";
import type { WatchInput } from "../../lib/emergency/watchdog/decide-watch.ts";
import type { Latch } from "../../lib/emergency/watchdog/latch.ts";
import {
  afterPositionsRead,
  type PositionsView,
  unreadPositions,
} from "../../lib/emergency/watchdog/positions-view.ts";
import { Watch } from "../../lib/emergency/watchdog/watch.ts";
import { WatchClock } from "../../lib/emergency/watchdog/watch-clock.ts";
import { keptLog } from "../support/quiet-log.ts";

const TICK_MS = 50;
const BEAT_EVERY_MS = 1000;

export interface CalledPanic {
  readonly reason: string;
  readonly atMs: number;
  /** Something happened since the panic before it that a new failure may follow from. */
  readonly mayFollow: boolean;
}

/** The watchdog's loop in a simulated world: time, Redis, venue, brain, worker and operator are the test's. */
export class WatchdogWorld {
  nowMs = 0;
  redisUp = true;
  brainAlive = true;
  brainHealthy = true;
  decides = true;
  /** The watchdog's process does not run: stopped, or starved. */
  stalled = false;
  workerTakes = true;
  status: Heartbeat["status"] = "ALIVE";
  venue: "flat" | "open" | "refuses" | "limits" | "silent" = "open";
  lastBeatMs = 0;
  readonly panics: CalledPanic[] = [];
  readonly halts: number[] = [];

  #watch: Watch;
  #clock: WatchClock;
  #disk: Latch | undefined;
  #stream: { readonly atMs: number; readonly beat: Heartbeat }[] = [];
  #read = 0;
  #instance = 1;
  #seq = 0;
  #decision = 1;
  #positions: PositionsView = unreadPositions(0);
  #answeredMs = 0;
  #answeringSinceMs = 0;
  #limited = false;
  #askedHealthyMs: number | undefined;
  #call: WatchInput["call"] = { accepted: false, published: false };
  #halt: WatchInput["halt"] = "unknown";
  #nextBeatMs = 0;
  #mayFollow = true;

  constructor() {
    this.#clock = new WatchClock(() => this.nowMs);
    this.#watch = this.#start();
  }

  get state(): string {
    return this.#watch.state;
  }

  pass(ms: number): void {
    for (const untilMs = this.nowMs + ms; this.nowMs < untilMs; ) this.#tick();
  }

  /** Redis comes and goes. */
  flap(flapping: { readonly downMs: number; readonly upMs: number }, forMs: number): void {
    for (const untilMs = this.nowMs + forMs; this.nowMs < untilMs; ) {
      this.redisUp = false;
      this.pass(flapping.downMs);
      this.redisUp = true;
      this.pass(flapping.upMs);
    }
  }

  /** A beat that Redis took and nobody read before it went away. */
  leaveUnreadBeat(): void {
    const up = this.redisUp;
    this.redisUp = true;
    this.#beat("ALIVE");
    this.redisUp = up;
  }

  restartBrain(announced: boolean): void {
    if (announced && this.brainAlive) this.#beat("STOPPING");
    this.#instance += 1;
    this.#seq = 0;
    this.brainAlive = true;
    this.#nextBeatMs = this.nowMs + 800;
  }

  restartWatchdog(): void {
    this.#clock = new WatchClock(() => this.nowMs);
    this.#positions = unreadPositions(0);
    this.#answeredMs = 0;
    this.#answeringSinceMs = 0;
    this.#limited = false;
    this.#askedHealthyMs = undefined;
    this.#watch = this.#start();
  }

  clearHalt(): void {
    if (this.#halt !== "panic" || !this.redisUp) return;
    this.#halt = "cleared";
    this.#mayFollow = true;
  }

  #start(): Watch {
    const watch = new Watch(
      {
        watchClock: this.#clock,
        clock: { nowMs: () => 1e12 + this.nowMs, sleep: () => Promise.resolve() },
        log: keptLog(),
        positions: {
          view: () => this.#positions,
          venue: () => {
            const nowMs = this.#clock.nowMs();
            const [silentMs, answeringMs] = [nowMs - this.#answeredMs, nowMs - this.#answeringSinceMs];
            return { silentMs, answeringMs, limited: this.#limited };
          },
        },
        health: { healthyAtMs: () => this.#askedHealthyMs },
        halt: { view: () => (this.redisUp ? this.#halt : "unknown") },
        caller: {
          call: () => {
            this.#call = { accepted: false, published: false };
            if (this.#halt === "cleared") this.#halt = "none";
          },
          withdraw: () => {
            this.#call = { accepted: false, published: false };
          },
          progress: () => this.#call,
        },
        entryHalt: { request: () => this.halts.push(this.nowMs), withdraw: () => undefined },
        store: {
          save: (latch) => {
            this.#disk = latch;
            return Promise.resolve();
          },
        },
        redisLostMsMax: 60_000,
        newEventId: () => crypto.randomUUID(),
        changed: () => undefined,
        called: (reason) => this.#called(reason),
        progress: () => undefined,
      },
      this.#disk,
    );
    this.#read = this.#stream.length;
    if (this.redisUp) watch.onFound(this.#stream.at(-1)?.beat);
    return watch;
  }

  #called(reason: string): void {
    this.panics.push({ reason, atMs: this.nowMs, mayFollow: this.#mayFollow });
    this.#mayFollow = false;
  }

  #tick(): void {
    this.nowMs += TICK_MS;
    if (this.brainAlive && this.nowMs >= this.#nextBeatMs) {
      this.#nextBeatMs = this.nowMs + BEAT_EVERY_MS;
      this.#beat(this.status);
    }
    if (this.stalled) return;
    if (this.redisUp && this.nowMs % 100 === 0) this.#readPage();
    if (this.nowMs % 1000 === 0) this.#readPositions();
    this.#askHealth();
    this.#work();
    this.#watch.step();
  }

  #beat(status: Heartbeat["status"]): void {
    this.#seq += 1;
    if (this.decides) this.#decision += 1;
    // An ALIVE beat ends every failure but stagnation, which only a decision ends.
    const stagnant = this.panics.at(-1)?.reason === "EXIT_BRAIN_DECISION_STAGNANT";
    if (status === "ALIVE" && (this.decides || !stagnant)) this.#mayFollow = true;
    if (!this.redisUp) return;
    this.lastBeatMs = this.nowMs;
    const beat: Heartbeat = {
      ...{ service_id: "exit-brain", status, active_positions: 1, last_decision_ts: this.#decision },
      ...{
        latency_ms: 1,
        loop_cycle_ms: 1,
        ts: this.nowMs,
        instance_id: `i${this.#instance}`,
        seq: this.#seq,
      },
    };
    this.#stream.push({ atMs: this.nowMs, beat });
  }

  #readPage(): void {
    const page = this.#stream.slice(this.#read).map(({ beat }) => beat);
    this.#read = this.#stream.length;
    this.#watch.onPage(page);
  }

  #readPositions(): void {
    const nowMs = this.#clock.nowMs();
    this.#limited = this.venue === "limits";
    if (this.venue !== "silent" && !this.#limited) {
      if (nowMs - this.#answeredMs > 3000) this.#answeringSinceMs = nowMs;
      this.#answeredMs = nowMs;
    }
    const count = { flat: 0, open: 2, refuses: undefined, limits: undefined, silent: undefined }[this.venue];
    this.#positions = afterPositionsRead(this.#positions, count, this.#clock.watchedMs());
  }

  #askHealth(): void {
    if (!this.#watch.isUnseen() || this.nowMs % 1000 !== 0) return;
    if (!this.brainAlive || !this.brainHealthy) return;
    this.#askedHealthyMs = this.#clock.nowMs();
    if (this.#clock.redisSilentMs() > 1500) this.#mayFollow = true;
  }

  /** The worker takes a panic by either way and halts. */
  #work(): void {
    const { latch } = this.#watch;
    if (latch === undefined || latch.stage === "halted" || !this.workerTakes) return;
    this.#call = { accepted: true, published: this.redisUp };
    if (latch.stage === "issued") this.#halt = "panic";
  }
}
