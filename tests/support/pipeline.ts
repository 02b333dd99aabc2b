import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { decodeResult, type ExecutionResult } from "../../lib/contract/execution-result.ts";
import { type Keys, keysOf } from "../../lib/contract/keys.ts";
import { ROLES } from "../../lib/contract/roles.ts";
import { type ChildProcess, startProcess } from "../../scripts/stack/child-process.ts";
import { readCounters, readStream } from "../../scripts/stack/read-pipeline.ts";
import { type AcceptedOrder, acceptedOrderSchema } from "../../scripts/stack/reconcile.ts";
import { type RedisEye, type RedisProcess, startRedis } from "../../scripts/stack/redis-process.ts";
import {
  freePort,
  type StackRole,
  startTradingStack,
  type TradingStack,
} from "../../scripts/stack/trading-stack.ts";
import { HELD_PRICES } from "./valid-trade.ts";
import { waitUntil } from "./wait-until.ts";

/** What `bun run build` made, or what was built elsewhere. */
export const BINARIES = Bun.env["QUANTUM_BINARIES"] ?? join(import.meta.dir, "..", "..", "dist");

type Env = Readonly<Record<string, string>>;

/** A stack whose limits stand in nobody's way. */
export const WIDE_OPEN = {
  "ai-strategy-router": {
    SAFETY_GLOBAL_MAX_INTENTS_PER_WINDOW: "1000000",
    SAFETY_SYMBOL_MAX_INTENTS_PER_WINDOW: "1000000",
  },
  execution: { MAX_TRADES_10MIN: "1000000", MIN_HOLD_SECONDS: "0" },
  "paper-exchange": {
    PAPER_SPEED: "0",
    PAPER_ORDER_LIMIT_10S: "1000000",
    PAPER_ORDER_LIMIT_1M: "1000000",
    PAPER_WEIGHT_LIMIT_1M: "10000000",
    PAPER_BALANCE_USD: "100000000",
  },
} as const satisfies Record<StackRole, Env>;

/** Something that reads one account's keys. */
export interface PipelineView {
  readonly eye: RedisEye;
  readonly keys: Keys;
}

/** The compiled trading path with a stream for decisions at one end and a venue at the other. */
export interface Pipeline extends PipelineView, AsyncDisposable {
  readonly stack: TradingStack;
  readonly venueUrl: string;
  /** A control of the paper exchange, POST /paper/<what>. */
  control(what: "faults" | "market" | "credentials" | "reset", body?: object): Promise<void>;
  /** Every order that the venue ever accepted. */
  orders(): Promise<readonly AcceptedOrder[]>;
}

const stateSchema = z.looseObject({ orders: z.array(acceptedOrderSchema) });

/** Starts redis, venue, router and execution; trading is armed and prices are held still. */
export async function startPipeline(
  options: {
    readonly env?: Partial<Record<StackRole, Env>>;
    readonly appendfsync?: "always" | "everysec";
  } = {},
): Promise<Pipeline> {
  const folder = mkdtempSync(join(tmpdir(), "pipeline-"));
  const { env = {}, appendfsync = "everysec" } = options;
  const calm = { "paper-exchange": { PAPER_SPEED: "0", ...env["paper-exchange"] } };
  const stack = await startTradingStack({
    folder,
    appendfsync,
    binaries: BINARIES,
    env: { ...env, ...calm },
  });
  const eye = await stack.redis.eye();
  const venueUrl = stack.daemons["paper-exchange"].url;
  const keys = keysOf("");
  await eye.command("SET", keys.kill, "0");
  for (const [symbol, price] of Object.entries(HELD_PRICES))
    await control(venueUrl, "market", { symbol, price });
  // Marks come once a second: one that starts now knows no others than these.
  await stack.daemons.execution.process().stop();
  await stack.daemons.execution.start();
  return {
    ...{ stack, eye, keys, venueUrl },
    control: (what, body) => control(venueUrl, what, body),
    orders: async () => stateSchema.parse(await (await fetch(`${venueUrl}/paper/state`)).json()).orders,
    [Symbol.asyncDispose]: async () => {
      eye.close();
      await stack.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function control(venueUrl: string, what: string, body: object = {}): Promise<void> {
  const reply = await fetch(`${venueUrl}/paper/${what}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!reply.ok) throw new Error(`/paper/${what}: ${await reply.text()}`);
}

/** A private Redis for daemons that a test starts one by one. */
export interface RedisBench extends AsyncDisposable {
  readonly redis: RedisProcess;
  readonly eye: RedisEye;
  readonly folder: string;
  /** Starts a role on it; every daemon gets a namespace of its own unless the environment names one. */
  start(role: StackRole, env?: Env): RunningDaemon;
}

export interface RunningDaemon extends PipelineView {
  readonly url: string;
  readonly token: string;
  readonly process: ChildProcess;
  /** What it has written to stdout and stderr. */
  log(): string;
  ready(): Promise<this>;
}

/** Daemons that are still running when it is disposed of are stopped. */
export async function startRedisBench(extra: readonly string[] = []): Promise<RedisBench> {
  const folder = mkdtempSync(join(tmpdir(), "bench-"));
  const redis = await startRedis({ folder, appendfsync: "everysec", extra });
  const eye = await redis.eye();
  const started: ChildProcess[] = [];
  const start = (role: StackRole, env: Env = {}): RunningDaemon => {
    const name = `d${started.length + 1}`;
    const token = crypto.randomUUID();
    const port = freePort();
    const child = startProcess({
      name,
      command: [join(BINARIES, ROLES[role].binary)],
      env: {
        TRADING_MODE: "PAPER",
        REDIS_URL: redis.url,
        QUANTUM_NAMESPACE: `{${name}}`,
        QUANTUM_INSTANCE: name,
        ADMIN_PORT: String(port),
        ADMIN_TOKEN: token,
        STATE_DIR: join(folder, name),
        HALT_FILE: join(folder, `${name}.halted`),
        ...env,
      },
      logFile: join(folder, `${name}.log`),
    });
    started.push(child);
    const daemon: RunningDaemon = {
      ...{ url: `http://127.0.0.1:${port}`, token, eye, process: child },
      keys: keysOf(env["QUANTUM_NAMESPACE"] ?? `{${name}}`),
      log: () => readFileSync(child.logFile, "utf8"),
      ready: async () => {
        await waitUntil(`${name} is ready`, async () => (await fetch(`${daemon.url}/readyz`)).ok);
        return daemon;
      },
    };
    return daemon;
  };
  return {
    ...{ redis, eye, folder, start },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(started.map((child) => child.stop()));
      eye.close();
      await redis.process().stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Appends a decision with ids of its own; returns its trace id. */
export async function decide(
  { eye, keys }: PipelineView,
  decision: object,
  traceId?: string,
): Promise<string> {
  const trace = traceId ?? crypto.randomUUID();
  const ids = ["correlation_id", `corr-${trace}`, "trace_id", trace];
  await eye.command("XADD", keys.decisionStream, "*", "payload", JSON.stringify(decision), ...ids);
  return trace;
}

/** Appends an intent to a stream; returns the entry's id. */
export async function publish(
  view: PipelineView,
  intent: object,
  stream = view.keys.intentStream,
): Promise<string> {
  return String(await view.eye.command("XADD", stream, "*", "data", JSON.stringify(intent)));
}

/** Every result so far, in order. */
export async function results({ eye, keys }: PipelineView): Promise<readonly ExecutionResult[]> {
  return (await readStream(eye, keys.resultStream)).map(({ fields }) => decodeResult(fields));
}

/** The one result of a trace or intent id, once it is there. Throws when there are several. */
export async function resultOf(view: PipelineView, id: string): Promise<ExecutionResult> {
  const own = async () => (await results(view)).filter((one) => one.trace_id === id || one.intent_id === id);
  const found = await waitUntil(`${id} has a result`, async () => {
    const list = await own();
    return list.length > 0 && list;
  });
  const [first, second] = found;
  if (first === undefined || second !== undefined) throw new Error(`${id} has ${found.length} results`);
  return first;
}

/** Waits until the router has decided on so many decisions; the counts by verdict. */
export async function verdicts(
  { eye, keys }: PipelineView,
  decided: number,
): Promise<Record<string, number>> {
  const read = () => readCounters(eye, `${keys.statsPrefix}ai-strategy-router`);
  const all = async () => ((await read()).get("decisions") ?? 0) === decided;
  await waitUntil(`${decided} decisions are decided`, all);
  const counters = await read();
  const otherwise = [...counters].filter(([field]) => OTHERWISE_DECIDED.test(field));
  const admitted = decided - otherwise.reduce((sum, [, count]) => sum + count, 0);
  return { ...Object.fromEntries(counters), ...(admitted > 0 ? { admitted } : {}) };
}

/** Fields for decisions that were not admitted; no field counts those that were. */
const OTHERWISE_DECIDED = /^(?:denied:.+|skipped|exits|dead_letters)$/;

/** A counter of `quantum:stats:<role>`. */
export async function statistic(
  { eye, keys }: PipelineView,
  role: StackRole,
  field: string,
): Promise<number> {
  return (await readCounters(eye, `${keys.statsPrefix}${role}`)).get(field) ?? 0;
}

/** A call to a daemon's admin server as an operator makes it; `who` and `token` are left out on request. */
export async function operate(
  daemon: { readonly url: string; readonly token: string },
  call: {
    readonly method: "GET" | "PUT" | "DELETE";
    readonly path: string;
    readonly body?: object;
    readonly headers?: Env;
  },
): Promise<{ readonly status: number; readonly body: unknown }> {
  const reply = await fetch(`${daemon.url}${call.path}`, {
    method: call.method,
    headers: call.headers ?? {
      Authorization: `Bearer ${daemon.token}`,
      "X-Operator": "anna",
      "Content-Type": "application/json",
    },
    ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
  });
  return { status: reply.status, body: await reply.json() };
}
