import type { Keys } from "../../../lib/contract/keys.ts";
import type { Life } from "../engine/life.ts";
import type { Simulation } from "../engine/simulation.ts";
import type { Reply } from "../redis/resp.ts";
import type { ProcessHost } from "../roles/process-host.ts";
import type { AdminAnswer } from "../world/operator-desk.ts";
import type { Profile } from "../world/profile.ts";
import { AdminWatch } from "./admin-watch.ts";
import { ExitDecisionWatch } from "./exit-decision-watch.ts";
import { ExitDelayWatch } from "./exit-delay-watch.ts";
import { ExitLaneWatch } from "./exit-lane-watch.ts";
import { ExitWatch } from "./exit-watch.ts";
import type { Findings } from "./findings.ts";
import { IntentBook } from "./intent-book.ts";
import { LedgerWatch } from "./ledger-watch.ts";
import { LifetimeWatch } from "./lifetime-watch.ts";
import { orderCall } from "./order-call.ts";
import { OrderWatch } from "./order-watch.ts";
import { PanicWatch } from "./panic-watch.ts";
import { PositionWatch } from "./position-watch.ts";
import { QueueWatch } from "./queue-watch.ts";
import { RateWatch } from "./rate-watch.ts";
import { SwitchWatch } from "./switch-watch.ts";
import { UnreadWatch } from "./unread-watch.ts";

const RECV_WINDOW_MS = 2000;

/** Where the exit brain says how it is. */
export const EXIT_BRAIN_URL = "http://127.0.0.1:8008";

type Common = Omit<ConstructorParameters<typeof RateWatch>[0], "limits">;

interface Watched {
  readonly simulation: Simulation;
  readonly keys: Keys;
  readonly findings: Findings;
  readonly profile: Profile;
  readonly haltFile: string;
  readonly hosts: readonly ProcessHost[];
}

/** All watchers of a run, at the two doors that nothing passes unseen: the server's and the venue's. */
export function watchEverything(parts: Watched) {
  const { simulation, keys, findings, haltFile, hosts } = parts;
  const redis = simulation.redisNetwork;
  const nowMs = () => simulation.wallMs();
  const nowUs = () => simulation.timeline.nowUs;
  const common = { redis, keys, findings, nowMs, nowUs };
  let faults: { calmUs(): number | undefined } = { calmUs: () => undefined };
  const calmUs = () => faults.calmUs();
  const ownExecutions = hosts.filter(({ role }) => role.name.startsWith("execution"));
  const positions = new PositionWatch(simulation.venue);
  const delays = new ExitDelayWatch({
    ...{ findings, positions, timeline: simulation.timeline },
    calmUs: () => (simulation.venueNetwork.errs() ? undefined : calmUs()),
    executions: () => ownExecutions.every((host) => host.ready()),
  });
  const book = new IntentBook({ ...common, onBooked: (booked) => delays.published(booked) });
  const switches = new SwitchWatch({ ...common, haltFile });
  const { rates, orders } = limitWatches(parts, common, book);
  const exits = new ExitWatch({ findings, positions });
  const queues = new QueueWatch({ ...common, book });
  const ledger = new LedgerWatch(common);
  const { windowSec, holdSec } = parts.profile;
  const lifetimes = new LifetimeWatch({ ...common, windowSec, holdSec });
  const unread = new UnreadWatch(common);
  const lanes = new ExitLaneWatch({ ...common, timeline: simulation.timeline, calmUs });
  const decided = new ExitDecisionWatch({ ...common, timeline: simulation.timeline, calmUs });
  const panics = new PanicWatch({ ...common, simulation, positions, haltFile, hosts, calmUs });
  const admin = new AdminWatch({ ...common, panics });
  watchDoors(simulation, { ...{ switches, ledger, exits, delays, orders, panics }, nowMs }, [
    ...[book, switches, rates, orders, exits, decided, lanes, delays, unread, ledger, panics, admin],
  ]);
  return {
    stateLost: () => {
      for (const watch of [book, rates, orders, unread, panics]) watch.stateLost();
    },
    rolledBack: (toUs: number) => {
      for (const watch of [book, rates, orders, unread, panics]) watch.rolledBack(toUs);
    },
    answered: (answer: AdminAnswer) => admin.answered(answer),
    exitsJudged: () => delays.judged,
    follow: (driver: { calmUs(): number | undefined }) => {
      faults = driver;
    },
    /** What is not at rest, in plain words. */
    restless: (): readonly string[] => [
      ...hosts.filter((host) => !host.ready()).map((host) => `${host.role.name} is not ready`),
      ...queues.rests().map(({ stream, pending, lag }) => `${stream} has ${pending} pending, lag ${lag}`),
    ],
    atEnd: () => {
      queues.atEnd();
      lifetimes.atEnd();
    },
    panics: () => panics.panics,
    executedOrders: () => orders.executedOrders,
    intents: () => book.all.length,
  };
}

function limitWatches({ profile }: Watched, common: Common, book: IntentBook) {
  const rates = new RateWatch({
    ...common,
    limits: {
      windowMs: profile.windowSec * 1000,
      globalMax: profile.globalMax,
      symbolMax: profile.symbolMax,
      dailyMax: profile.dailyMax,
    },
  });
  const limits = {
    intentAgeMsMax: profile.intentAgeSec * 1000,
    recvWindowMs: RECV_WINDOW_MS,
    tradesMax: profile.tradesMax,
    holdMsMin: profile.holdSec * 1000,
  };
  return { rates, orders: new OrderWatch({ ...common, book, limits }) };
}

interface AtTheDoors {
  readonly switches: SwitchWatch;
  readonly ledger: LedgerWatch;
  readonly exits: ExitWatch;
  readonly delays: ExitDelayWatch;
  readonly orders: OrderWatch;
  readonly panics: PanicWatch;
  readonly nowMs: () => number;
}

function watchDoors(
  simulation: Simulation,
  { switches, ledger, exits, delays, orders, panics, nowMs }: AtTheDoors,
  executed: readonly { after(command: readonly string[], reply: Reply, life: Life): void }[],
): void {
  simulation.redisNetwork.watch({
    before: (args) => {
      for (const watch of [switches, ledger]) watch.before(args);
    },
    after: (args, reply, life) => {
      for (const watch of executed) watch.after(args, reply, life);
    },
  });
  simulation.local.watch((address, status) => {
    if (!address.startsWith("http")) panics.workerAnswered();
    else if (address === EXIT_BRAIN_URL && status === 200) panics.brainAnswered();
  });
  simulation.venueNetwork.watch({
    sent: (call, life) => {
      const order = orderCall(call);
      if (order !== undefined) switches.sent(order, life);
      if (order !== undefined) panics.ordered(order, life);
      panics.sent(call, life);
    },
    serving: (call) => {
      const order = orderCall(call);
      if (order === undefined) return;
      exits.serving(order);
      delays.serving(order);
    },
    served: (call, reply) => {
      const order = orderCall(call);
      if (order === undefined) return;
      panics.served(order, orders.served(order, reply, nowMs()));
      exits.served(order);
    },
  });
}
