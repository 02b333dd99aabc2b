import type { Chance } from "../engine/chance.ts";
import type { Simulation } from "../engine/simulation.ts";
import type { ProcessHost } from "../roles/process-host.ts";
import { evenRates } from "../venue/venue-faults.ts";
import type { Focus } from "../world/profile.ts";
import { breakServers, SERVER_FAULTS, type ServerFault } from "./server-faults.ts";

/** What befalls one process, or the lines to it. */
const HOST_FAULTS = ["crash", "stop", "stall", "redis_cut", "venue_cut", "clock_jump"] as const;
type HostFault = (typeof HOST_FAULTS)[number];
export type Fault = HostFault | ServerFault;

/** Who is told of what Redis has forgotten. */
export interface RedisMemory {
  /** All of it. */
  lost(): void;
  /** All that was written after this moment, virtual µs. */
  rolledBack(toUs: number): void;
}
const FAULTS: readonly Fault[] = [...HOST_FAULTS, ...SERVER_FAULTS];

/** What a run is after happens in it for certain. */
const ALWAYS: Readonly<Record<Focus, readonly Fault[]>> = {
  limits: [],
  orders: ["venue_errors", "stall", "crash"],
  chain: ["crash", "stall", "venue_errors", "venue_slow"],
  lonely_brain: ["crash", "stall", "redis_cut"],
};

/** Rarer than others in every run: what takes guarantees with it that rest on what Redis remembers. */
const RARER: Readonly<Partial<Record<Fault, number>>> = { redis_emptied: 5, redis_rolled_back: 1.5 };

const BRAIN_SHARE = 0.4;
/** Of an exit brain that fails alone: the rest hits its watchdog, or anybody. */
const LONELY_SHARE = 0.65;
const WATCHDOG_SHARE = 0.6;
/** Of those runs, the ones in which it loses sight of the venue, and nothing else goes wrong meanwhile. */
const BLIND_SHARE = 0.5;
const BLIND_AFTER_MS = [1000, 6000] as const;
/** Until it says so, is believed to stay so, and every panic for it is over. */
const BLIND_MS = 40_000;
/** Of a run about orders in doubt: the owner that stalls is to find another one when it goes on. */
const OWNERS_SHARE = 0.6;
/** Of the watchdog's panics, those that something befalls it or Redis at. */
const DISTURBED_PANICS = 0.6;
const AT_A_PANIC = ["crash", "stall", "redis_cut", "redis_restart"] as const;
/** Before the reply, before what it says is on disk, before the halt stands, and after, µs. */
const AFTER_A_PANIC_US = [1, 1000, 20_000, 700_000] as const;
/** What goes wrong with the venue all the time in a run about orders in doubt. */
const ORDERS_ERRORS = 0.03;

/**
 * Breaks things, and mends them, until it is told to stop. Each run has its own choice of faults and its own pace:
 * runs with all of them at once hide what only one of them shows.
 */
export class FaultDriver {
  readonly #simulation: Simulation;
  readonly #hosts: readonly [ProcessHost, ...ProcessHost[]];
  readonly #chance: Chance;
  /** Of its own, so that what a panic draws moves no other fault. */
  readonly #panicChance: Chance;
  readonly #memory: RedisMemory;
  readonly #enabled: readonly Fault[];
  readonly #everyMs: number;
  readonly #focus: Focus;
  readonly #mends = new Set<() => void>();
  #running = true;
  /** The exit brain is blind: nothing else is broken. */
  #blinding = false;
  /** What is broken now, besides the exit brain. */
  readonly #disturbing = new Set<() => void>();
  /** Since when nothing else has been broken, virtual µs. */
  #calmSinceUs: number | undefined = 0;

  constructor(
    simulation: Simulation,
    hosts: readonly [ProcessHost, ...ProcessHost[]],
    how: { readonly focus: Focus; readonly memory: RedisMemory; readonly panicStream: string },
  ) {
    this.#simulation = simulation;
    this.#hosts = hosts;
    this.#memory = how.memory;
    this.#focus = how.focus;
    this.#chance = simulation.chance.branch("faults");
    this.#panicChance = simulation.chance.branch("faults at a panic");
    const lonely = how.focus === "lonely_brain";
    const share = lonely ? 0 : this.#chance.pick([0.25, 0.5, 1]);
    this.#enabled = FAULTS.filter((fault) => {
      const hit = this.#chance.hit(share / (RARER[fault] ?? 1));
      return hit || ALWAYS[how.focus].includes(fault);
    });
    if (how.focus === "orders") this.#setErrors(ORDERS_ERRORS);
    this.#everyMs = lonely ? 4000 : this.#chance.pick([300, 800, 2000]);
    simulation.trace.say(0, "faults", `${this.#enabled.join(" ")} every ${this.#everyMs} ms`);
    simulation.redisNetwork.onCommand(([name, stream], life) => {
      if (name === "XADD" && stream === how.panicStream && life.place.name === "watchdog") this.#atPanic();
    });
    if (lonely) this.#mayBlind(simulation.chance.branch("blind brain"));
    this.#next();
  }

  get enabled(): readonly Fault[] {
    return this.#enabled;
  }

  /** Virtual µs since the last fault was mended; undefined while something but the exit brain is broken. */
  calmUs(): number | undefined {
    return this.#calmSinceUs === undefined ? undefined : this.#simulation.timeline.nowUs - this.#calmSinceUs;
  }

  #setErrors(rate: number): void {
    Object.assign(this.#simulation.venueNetwork.rates, evenRates(rate));
  }

  /** Mends everything, for good. */
  stop(): void {
    this.#running = false;
    this.#setErrors(0);
    for (const mend of [...this.#mends]) mend();
  }

  #find(name: string): ProcessHost | undefined {
    return this.#hosts.find((host) => host.role.name === name);
  }

  /** The exit brain more often than others: its failures are what the emergency chain is for. */
  #victim(): ProcessHost {
    const [brain, watchdog] = [this.#find("exit-brain"), this.#find("watchdog")];
    const lonely = this.#focus === "lonely_brain";
    if (brain !== undefined && this.#chance.hit(lonely ? LONELY_SHARE : BRAIN_SHARE)) return brain;
    if (lonely && watchdog !== undefined && this.#chance.hit(WATCHDOG_SHARE)) return watchdog;
    const owners = this.#hosts.filter((host) => host.role.name.startsWith("execution"));
    const [first, ...more] = this.#focus === "orders" && this.#chance.hit(OWNERS_SHARE) ? owners : [];
    return first === undefined ? this.#chance.pick(this.#hosts) : this.#chance.pick([first, ...more]);
  }

  #next(): void {
    const { timeline } = this.#simulation;
    const waitUs = this.#everyMs * 2000 * this.#chance.next();
    timeline.after(waitUs, timeline.nobody, "fault is due", () => {
      if (!this.#running) return;
      const [first, ...more] = this.#enabled;
      if (first !== undefined && !this.#blinding)
        this.#break(this.#chance.pick([first, ...more]), this.#victim());
      this.#next();
    });
  }

  /** It beats, and says that it fails: nobody finds it silent. */
  #mayBlind(chance: Chance): void {
    const { timeline, trace } = this.#simulation;
    const brain = this.#find("exit-brain");
    if (brain === undefined || !chance.hit(BLIND_SHARE)) return;
    timeline.after(1000 * chance.between(...BLIND_AFTER_MS), timeline.nobody, "brain is blinded", () => {
      if (!this.#running) return;
      trace.say(timeline.nowUs, "fault", "the exit brain is blinded");
      this.#blinding = true;
      brain.place.venueCut = true;
      const mend = () => {
        this.#blinding = false;
        brain.place.venueCut = false;
      };
      this.#for(BLIND_MS, mend, brain);
    });
  }

  /** The reply to its publication is lost, or whoever published it: as rare by itself as the publication is short. */
  #atPanic(): void {
    const { timeline } = this.#simulation;
    const [watchdog, brain] = [this.#find("watchdog"), this.#find("exit-brain")];
    if (watchdog === undefined || brain === undefined) return;
    if (!this.#panicChance.hit(DISTURBED_PANICS)) return;
    const fault = this.#panicChance.pick(AT_A_PANIC);
    timeline.after(this.#panicChance.pick(AFTER_A_PANIC_US), timeline.nobody, "panic is disturbed", () => {
      if (!this.#running) return;
      this.#break(fault, watchdog);
      if (fault === "crash") this.#keepDown(brain);
    });
  }

  /** Longer than a watchdog that begins anew is patient with a brain that it has never seen. */
  #keepDown(brain: ProcessHost): void {
    const ms = 12_000;
    brain.held = true;
    brain.crash(ms);
    this.#for(
      ms,
      () => {
        brain.held = false;
        brain.start();
      },
      brain,
    );
  }

  #for(ms: number, mend: () => void, victim?: ProcessHost): void {
    const { timeline } = this.#simulation;
    const once = () => {
      if (!this.#mends.delete(once)) return;
      mend();
      if (this.#disturbing.delete(once) && this.#disturbing.size === 0) this.#calmSinceUs = timeline.nowUs;
    };
    this.#mends.add(once);
    if (victim?.role.name !== "exit-brain") {
      this.#disturbing.add(once);
      this.#calmSinceUs = undefined;
    }
    timeline.after(ms * 1000, timeline.nobody, "mended", once);
  }

  #break(fault: Fault, host: ProcessHost): void {
    const { timeline, trace } = this.#simulation;
    trace.say(timeline.nowUs, "fault", `${fault} ${host.role.name}`);
    const one = HOST_FAULTS.find((known) => known === fault);
    const all = SERVER_FAULTS.find((known) => known === fault);
    if (one !== undefined) this.#breakHost(one, host);
    if (all !== undefined) this.#breakServers(all);
  }

  #breakHost(fault: HostFault, host: ProcessHost): void {
    const chance = this.#chance;
    switch (fault) {
      case "crash": {
        const ms =
          this.#focus === "lonely_brain" && host.role.name === "exit-brain"
            ? chance.pick([3000, 9000, 20_000])
            : chance.pick([50, 200, 3000, 6000, 9000]);
        host.crash(ms);
        this.#for(ms, () => host.start(), host);
        break;
      }
      case "stop":
        host.stop();
        this.#for(500, () => undefined, host);
        break;
      case "stall": {
        const ms = chance.pick([100, 700, 4000, this.#focus === "orders" ? 4000 : 9000]);
        host.stall(ms);
        this.#for(ms, () => undefined, host);
        break;
      }
      case "clock_jump":
        host.place.wallOffsetMs = chance.pick([-3_600_000, -4000, 1500, 7000, 86_400_000]);
        this.#for(
          chance.between(500, 8000),
          () => {
            host.place.wallOffsetMs = 0;
          },
          host,
        );
        break;
      case "redis_cut":
        host.place.redisCut = true;
        this.#for(
          chance.pick([100, 600, 2500, 6000]),
          () => {
            host.place.redisCut = false;
            this.#simulation.redisNetwork.mend();
          },
          host,
        );
        break;
      case "venue_cut":
        host.place.venueCut = true;
        this.#for(
          chance.pick([100, 2000, 5000]),
          () => {
            host.place.venueCut = false;
          },
          host,
        );
        break;
    }
  }

  #breakServers(fault: ServerFault): void {
    breakServers(fault, {
      simulation: this.#simulation,
      chance: this.#chance,
      memory: this.#memory,
      lasting: (ms, mend) => this.#for(ms, mend),
      setErrors: (rate) => this.#setErrors(rate),
      // A run about orders in doubt is never quite without them.
      errorsAfterwards: () => (this.#running && this.#focus === "orders" ? ORDERS_ERRORS : 0),
    });
  }
}
