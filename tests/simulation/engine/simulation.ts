import { drainMicrotasks } from "bun:jsc";
import { RedisNetwork } from "../redis/redis-network.ts";
import type { TimedRedis } from "../redis/timed-redis.ts";
import { openSimulatedSocket, type StreamFaults } from "../venue/simulated-socket.ts";
import { SimulatedVenue, VENUE_URL } from "../venue/simulated-venue.ts";
import { VenueNetwork } from "../venue/venue-network.ts";
import { activate } from "./active-simulation.ts";
import { type Chance, chanceOf } from "./chance.ts";
import { type Life, newLife } from "./life.ts";
import { LocalServices } from "./local-services.ts";
import { newPlace } from "./place.ts";
import { Sleepers } from "./sleepers.ts";
import { Timeline } from "./timeline.ts";
import { Trace } from "./trace.ts";

/** One run's world without its inhabitants: time, chance, trace, Redis and venue with the ways to them. */
export class Simulation {
  readonly seed: number;
  readonly epochMs: number;
  readonly chance: Chance;
  readonly trace = new Trace();
  readonly timeline: Timeline;
  readonly sleepers: Sleepers;
  readonly redisNetwork: RedisNetwork;
  readonly venue: SimulatedVenue;
  readonly venueNetwork: VenueNetwork;
  readonly local: LocalServices;
  /** Where random ids come from. */
  readonly ids: Chance;
  readonly streams: StreamFaults = { stalled: false, repeated: 0 };
  readonly #streamChance: Chance;
  /** A folder of this run's own, in memory: what its processes call their disk. */
  readonly folder: string;

  constructor(options: {
    readonly seed: number;
    readonly epochMs: number;
    readonly redis: TimedRedis;
    readonly folder: string;
  }) {
    const { seed, epochMs, redis } = options;
    this.seed = seed;
    this.epochMs = epochMs;
    this.folder = options.folder;
    this.chance = chanceOf(seed, "simulation");
    const { trace } = this;
    trace.hidden = options.folder;
    this.timeline = new Timeline({ drain: drainMicrotasks, trace, idle: newLife(newPlace("nobody"), "-") });
    const { timeline } = this;
    this.local = new LocalServices(timeline);
    this.ids = this.chance.branch("ids");
    this.#streamChance = this.chance.branch("streams");
    this.sleepers = new Sleepers({ timeline, chance: this.chance.branch("timers"), epochMs });
    activate(this);
    const venueLife = newLife(newPlace("venue"), "venue");
    this.venue = new SimulatedVenue({
      ...{ timeline, life: venueLife, seed },
      clock: this.sleepers.clockOf(venueLife),
    });
    this.venueNetwork = new VenueNetwork({
      ...{ timeline, trace, venue: this.venue },
      chance: this.chance.branch("venue"),
    });
    this.redisNetwork = new RedisNetwork({
      ...{ timeline, trace, redis, epochMs },
      chance: this.chance.branch("redis"),
    });
    this.redisNetwork.look("FLUSHALL");
    this.redisNetwork.look("FUNCTION", "FLUSH");
    this.venue.start();
  }

  /** The true wall clock: Redis' and the venue's. */
  wallMs(): number {
    return Math.floor(this.epochMs + this.timeline.nowUs / 1000);
  }

  /** The `fetch` of one process: to the venue, to another process of the machine, or nowhere. */
  fetch(life: Life, url: string, init: RequestInit & { readonly unix?: string } = {}): Promise<Response> {
    const { unix, ...plain } = init;
    const { origin } = new URL(url);
    if (unix === undefined && origin === VENUE_URL) return this.venueNetwork.fetch(life, url, plain);
    return this.local.fetch(unix ?? origin, life, new Request(url, plain));
  }

  /** The WebSocket of one process. */
  openSocket(life: Life, url: string): WebSocket {
    const { timeline, venue, venueNetwork, streams: faults } = this;
    const chance = this.#streamChance;
    return openSimulatedSocket({ timeline, venue, latency: venueNetwork.latency, faults, chance }, life, url);
  }

  close(): void {
    this.redisNetwork.close();
  }
}
