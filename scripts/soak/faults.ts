import type { z } from "zod";
import type { faultScriptSchema } from "../../lib/paper/faults/fault-script.ts";
import { fetchJson } from "../stack/fetch-json.ts";
import { waitFor } from "../stack/wait-for.ts";
import type { SoakRole, SoakStack } from "./soak-stack.ts";

type FaultScript = z.input<typeof faultScriptSchema>;
type Effect = FaultScript["rules"][number]["effect"];

/** What faults need besides the system: a source of chance, and the load for a burst of it. */
export interface FaultHands {
  readonly stack: SoakStack;
  readonly random: () => number;
  readonly burst: (count: number) => void;
  /** The server was started anew: what is measured of it begins a new life. */
  readonly onRedisRestart: () => void;
}

export interface Fault {
  readonly name: string;
  readonly weight: number;
  /** Ends the lives of processes: such faults stop early enough for every process to have one long life. */
  readonly kills: boolean;
  run(hands: FaultHands): Promise<string>;
}

const LOADING_MS_MAX = 180_000;
const KILLED: readonly SoakRole[] = [
  ...(["ai-strategy-router", "execution", "ai-strategy-router", "execution"] as const),
  ...(["emergency-exit-worker", "exit-brain", "exit-brain-watchdog"] as const),
  ...(["safety-telemetry", "audit-logger"] as const),
];
const HUNG: readonly SoakRole[] = ["ai-strategy-router", "execution", "safety-telemetry", "audit-logger"];
const EFFECTS: readonly Effect[] = [
  { kind: "lost_reply" },
  { kind: "lost_request" },
  { kind: "latency", ms: 150, jitterMs: 400 },
  { kind: "http", status: 502, executed: true },
  { kind: "unavailable", text: "unknown", executed: true },
  { kind: "unavailable", text: "unavailable" },
  { kind: "error", code: -1021 },
  { kind: "error", code: -1007, executed: true },
  { kind: "limited", status: 429, retryAfterSec: 1 },
  { kind: "garbage" },
  { kind: "partial_fill", fraction: 0.5 },
  { kind: "clock_skew", ms: -1500 },
  { kind: "delayed_execution", ms: 600, reply: "drop" },
];

function pick<T>(list: readonly T[], random: () => number): T {
  const found = list[Math.floor(random() * list.length)];
  if (found === undefined) throw new Error("picked from nothing");
  return found;
}

/** Asks until it is done: on a busy machine an answer may be late, and a fault must not stay for ever. */
async function setVenueFaults(venueUrl: string, script: FaultScript): Promise<void> {
  const request = { headers: { "content-type": "application/json" }, body: JSON.stringify(script) };
  const ask = async () => {
    await fetchJson(`${venueUrl}/paper/faults`, { method: "POST", ...request });
    return true;
  };
  await waitFor("the venue takes its faults", ask, { timeoutMs: LOADING_MS_MAX, everyMs: 100 });
}

const killRole: Fault = {
  ...{ name: "kill -9 of a role", weight: 10, kills: true },
  run: async ({ stack, random }) => {
    const role = pick(KILLED, random);
    await stack.role(role).kill();
    return role;
  },
};

const hangRole: Fault = {
  ...{ name: "hung role", weight: 2, kills: false },
  run: async ({ stack, random }) => {
    const role = pick(HUNG, random);
    const child = stack.role(role).life()?.process;
    child?.signal("SIGSTOP");
    await Bun.sleep(300 + random() * 2500);
    child?.signal("SIGCONT");
    return role;
  },
};

const panic: Fault = {
  ...{ name: "exit brain hangs until its watchdog kills it", weight: 1, kills: true },
  run: async ({ stack }) => {
    const brain = stack.role("exit-brain");
    brain.life()?.process.signal("SIGSTOP");
    await Bun.sleep(7000);
    await brain.kill();
    return "a panic, where positions are open";
  },
};

const restartRedis: Fault = {
  ...{ name: "kill -9 of Redis", weight: 2, kills: true },
  run: async ({ stack, onRedisRestart }) => {
    stack.redis.process().signal("SIGKILL");
    await stack.redis.process().exited;
    // Loading a large file on a busy machine takes its time.
    await stack.redis.start({ withinMs: LOADING_MS_MAX });
    onRedisRestart();
    return "";
  },
};

const hangRedis: Fault = {
  ...{ name: "hung Redis", weight: 4, kills: false },
  run: async ({ stack, random }) => {
    const child = stack.redis.process();
    child.signal("SIGSTOP");
    const ms = Math.round(200 + random() * 2300);
    await Bun.sleep(ms);
    child.signal("SIGCONT");
    return `${ms} ms`;
  },
};

const dropConnections: Fault = {
  ...{ name: "connections dropped", weight: 3, kills: false },
  run: async ({ stack }) => `${await stack.eye.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")}`,
};

const venueTrouble: Fault = {
  ...{ name: "venue", weight: 10, kills: false },
  run: async ({ stack, random }) => {
    const effect = pick(EFFECTS, random);
    const rule = { match: { path: "/fapi/*" }, probability: 0.2 + random() * 0.4, effect };
    await setVenueFaults(stack.venueUrl, { seed: `soak-${random()}`, rules: [rule] });
    await Bun.sleep(1000 + random() * 5000);
    await setVenueFaults(stack.venueUrl, { rules: [] });
    return effect.kind;
  },
};

const burstOfDecisions: Fault = {
  ...{ name: "burst of decisions", weight: 1, kills: false },
  run: async ({ burst }) => {
    burst(250);
    return "250";
  },
};

/** Everything that may happen, by how often. */
export const FAULTS: readonly Fault[] = [
  ...[killRole, hangRole, panic, restartRedis, hangRedis, dropConnections, venueTrouble],
  burstOfDecisions,
];
