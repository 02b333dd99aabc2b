import type { Keys } from "../../../lib/contract/keys.ts";
import type { Simulation } from "../engine/simulation.ts";
import type { ProcessHost } from "../roles/process-host.ts";
import type { Profile } from "../world/profile.ts";
import { ExitWatch } from "./exit-watch.ts";
import type { Findings } from "./findings.ts";
import { IntentBook } from "./intent-book.ts";
import { orderCall } from "./order-call.ts";
import { OrderWatch } from "./order-watch.ts";
import { PanicWatch } from "./panic-watch.ts";
import { PositionWatch } from "./position-watch.ts";
import { QueueWatch } from "./queue-watch.ts";
import { RateWatch } from "./rate-watch.ts";
import { SwitchWatch } from "./switch-watch.ts";
import { TrimWatch } from "./trim-watch.ts";

const RECV_WINDOW_MS = 2000;

/** All watchers of a run, at the two doors that nothing passes unseen: the server's and the venue's. */
export function watchEverything(parts: {
  readonly simulation: Simulation;
  readonly keys: Keys;
  readonly findings: Findings;
  readonly profile: Profile;
  readonly haltFile: string;
  readonly hosts: readonly ProcessHost[];
}) {
  const { simulation, keys, findings, profile } = parts;
  const redis = simulation.redisNetwork;
  const nowMs = () => simulation.wallMs();
  const book = new IntentBook({ redis, keys, findings, nowMs });
  const switches = new SwitchWatch({ redis, keys, findings, haltFile: parts.haltFile });
  const rates = new RateWatch({
    ...{ redis, keys, findings, nowMs },
    limits: {
      windowMs: profile.windowSec * 1000,
      globalMax: profile.globalMax,
      symbolMax: profile.symbolMax,
      dailyMax: profile.dailyMax,
    },
  });
  const orders = new OrderWatch({
    ...{ findings, book },
    limits: {
      intentAgeMsMax: profile.intentAgeSec * 1000,
      recvWindowMs: RECV_WINDOW_MS,
      tradesMax: profile.tradesMax,
      holdMsMin: profile.holdSec * 1000,
    },
  });
  const positions = new PositionWatch(simulation.venue);
  const exits = new ExitWatch({ findings, positions });
  const trims = new TrimWatch({ redis, keys, findings });
  let faults: { calmUs(): number | undefined } = { calmUs: () => undefined };
  const panics = new PanicWatch({
    ...{ simulation, keys, findings, positions, haltFile: parts.haltFile, hosts: parts.hosts },
    calmUs: () => faults.calmUs(),
  });
  const queues = new QueueWatch({ redis, keys, findings, book });
  redis.watch({
    before: (args) => {
      switches.before(args);
      trims.before(args);
    },
    after: (args, reply, life) => {
      book.after(args);
      switches.after(args, reply, life);
      rates.after(args, reply);
      exits.after(args, reply);
      trims.after();
      panics.after(args);
    },
  });
  simulation.venueNetwork.watch({
    sent: (call, life) => {
      const order = orderCall(call);
      if (order !== undefined) switches.sent(order, life);
      panics.sent(call, life);
    },
    serving: (call) => {
      const order = orderCall(call);
      if (order !== undefined) exits.serving(order);
    },
    served: (call, reply) => {
      const order = orderCall(call);
      if (order === undefined) return;
      panics.served(order, orders.served(order, reply, nowMs()));
      exits.served(order);
    },
  });
  return {
    stateLost: () => {
      book.stateLost();
      rates.stateLost();
      orders.stateLost();
      panics.stateLost();
    },
    follow: (driver: { calmUs(): number | undefined }) => {
      faults = driver;
    },
    panics: () => panics.panics,
    /** What is not at rest, in plain words. */
    restless: (): readonly string[] => [
      ...parts.hosts.filter((host) => !host.ready()).map((host) => `${host.role.name} is not ready`),
      ...queues.rests().map(({ stream, pending, lag }) => `${stream} has ${pending} pending, lag ${lag}`),
    ],
    atEnd: () => {
      rates.atEnd();
      queues.atEnd();
    },
    executedOrders: () => orders.executedOrders,
    intents: () => book.all.length,
  };
}
