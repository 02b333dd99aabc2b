import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { type PanicCompletion, panicCompletionSchema } from "../../../lib/contract/panic.ts";
import { protectiveStopId } from "../../../lib/exchange/client-order-id.ts";
import type { PaperExchangeChanges } from "../../../lib/paper/start-paper-exchange.ts";
import { type DaemonProcess, startDaemon } from "../../support/daemon-process.ts";
import { type PaperFixture, startPaper } from "../../support/paper-exchange.ts";
import { type RedisServer, startRedisServer } from "../../support/redis-server.ts";
import { waitUntil } from "../../support/wait-until.ts";

const TOKEN = "test-token";

const stateSchema = z.object({
  positions: z.array(
    z.looseObject({ symbol: z.string(), positionSide: z.string(), positionAmt: z.string() }),
  ),
  orders: z.array(
    z.looseObject({
      symbol: z.string(),
      side: z.string(),
      positionSide: z.string(),
      status: z.string(),
      clientOrderId: z.string(),
      executedQty: z.string(),
      reduceOnly: z.boolean(),
    }),
  ),
  algoOrders: z.array(
    z.looseObject({ symbol: z.string(), algoStatus: z.string(), closePosition: z.boolean() }),
  ),
});
export type VenueSight = z.infer<typeof stateSchema>;

/** A venue, a Redis and a worker between them, all of this test alone. */
export interface WorkerStage extends AsyncDisposable {
  readonly redis: RedisServer;
  readonly paper: PaperFixture;
  readonly haltFile: string;
  readonly socket: string;
  readonly stateDir: string;
  /** Starts the worker and waits until it is ready; `waiting` does not wait. */
  start(environment?: Readonly<Record<string, string>>, how?: "waiting"): Promise<DaemonProcess>;
  venue(): Promise<VenueSight>;
  /** Opens a position at market. */
  open(symbol: string, side: "BUY" | "SELL", quantity: string, more?: Record<string, string>): Promise<void>;
  /** A closePosition stop, as execution places one. */
  protect(symbol: string, side: "BUY" | "SELL", triggerPrice: string): Promise<void>;
  /** Adds a panic to the stream and returns its id; fields given replace the sound ones. */
  panic(fields?: Readonly<Record<string, string>>): Promise<string>;
  /** The stream's completions, oldest first. */
  completions(): Promise<readonly PanicCompletion[]>;
  /** Those that end a panic: a busy machine may have it said first that one was not flat within 10 s. */
  ends(): Promise<readonly PanicCompletion[]>;
  /** Waits for the completion of this panic that is not `failed`. */
  end(eventId: string): Promise<PanicCompletion>;
  trading(): Promise<Readonly<Record<string, string>>>;
  /** Entries of the panic stream that are not acknowledged, unread ones among them. */
  pending(): Promise<number>;
  /** Records in the journal of one type. */
  journal(type: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** A request to the admin server with the token and an operator. */
  ask(worker: DaemonProcess, method: string, path: string, body?: unknown): Promise<Response>;
  /** The same POST /v1/panic as the watchdog's. */
  callSocket(body: unknown): Promise<Response>;
}

/** Starts venue and Redis; `command` is what starts the worker. */
export async function openStage(
  command: readonly string[],
  changes: PaperExchangeChanges = {},
): Promise<WorkerStage> {
  const folder = await mkdtemp(join(tmpdir(), "quantum-worker-"));
  const [redis, paper] = await Promise.all([startRedisServer(), startPaper(changes)]);
  await Promise.all([paper.setPrice("ETHUSDT", "3000"), paper.setPrice("BTCUSDT", "60000")]);
  const paths = {
    haltFile: join(folder, "run", "halted"),
    socket: join(folder, "run", "panic.sock"),
    stateDir: join(folder, "state"),
  };
  const { haltFile, socket, stateDir } = paths;
  const workers: DaemonProcess[] = [];
  return {
    ...{ redis, paper, ...paths },
    ...venueHands(paper),
    ...redisEyes(redis),
    ...callers(socket),
    async start(environment = {}, how) {
      const worker = await startDaemon({
        command,
        stateDir,
        environment: {
          ...{ REDIS_URL: redis.url, EXCHANGE_REST_URL: paper.url, ADMIN_TOKEN: TOKEN },
          ...{ HALT_FILE: haltFile, PANIC_SOCKET: socket, QUANTUM_INSTANCE: "one" },
          ...{ RECV_WINDOW_MS: "300", REQUEST_TIMEOUT_MS: "1500", ...environment },
        },
      });
      workers.push(worker);
      if (how === undefined) await worker.said("ready");
      return worker;
    },
    async journal(type) {
      const text = await Bun.file(join(stateDir, "panics.jsonl"))
        .text()
        .catch(() => "");
      const lines = text.split("\n").slice(0, -1);
      const records = lines.map((line): Readonly<Record<string, unknown>> => JSON.parse(line));
      return records.filter((record) => record["type"] === type);
    },
    async [Symbol.asyncDispose]() {
      for (const worker of workers) await worker[Symbol.asyncDispose]();
      await Promise.all([paper[Symbol.asyncDispose](), redis[Symbol.asyncDispose]()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function venueHands(paper: PaperFixture): Pick<WorkerStage, "venue" | "open" | "protect"> {
  return {
    venue: async () => stateSchema.parse(await paper.read("state")),
    async open(symbol, side, quantity, more = {}) {
      const order = { symbol, side, type: "MARKET", quantity, ...more };
      await mustPass(paper.call("POST", "/fapi/v1/order", order));
    },
    async protect(symbol, side, triggerPrice) {
      const stop = { algoType: "CONDITIONAL", type: "STOP_MARKET", workingType: "MARK_PRICE" };
      const clientAlgoId = protectiveStopId(crypto.randomUUID());
      const order = { ...stop, closePosition: true, symbol, side, triggerPrice, clientAlgoId };
      await mustPass(paper.call("POST", "/fapi/v1/algoOrder", order));
    },
  };
}

function redisEyes(
  redis: RedisServer,
): Pick<WorkerStage, "panic" | "completions" | "ends" | "end" | "trading" | "pending"> {
  const completions = async () =>
    entriesOf(await redis.cli("--json", "XRANGE", "system:panic_close:completed", "-", "+"));
  return {
    completions,
    ends: async () => (await completions()).filter(({ status }) => status !== "failed"),
    async panic(fields = {}) {
      const event_id = crypto.randomUUID();
      const sound = { event_id, reason: "TEST", severity: "CRITICAL", issued_by: "ops" };
      const all = { ...sound, ts: String(Date.now()), ...fields };
      await redis.cli("XADD", "system:panic_close", "*", ...Object.entries(all).flat());
      return fields["event_id"] ?? event_id;
    },
    end: (eventId) =>
      waitUntil(
        `the panic ${eventId} is over`,
        async () => (await completions()).find((one) => one.event_id === eventId && one.status !== "failed"),
        { everyMs: 20 },
      ),
    trading: async () =>
      recordSchema.parse(JSON.parse(await redis.cli("--json", "HGETALL", "system:state:trading"))),
    async pending() {
      const groups = groupsSchema.parse(
        JSON.parse(await redis.cli("--json", "XINFO", "GROUPS", "system:panic_close")),
      );
      const own = groups.find(({ name }) => name === "emergency_exit_worker");
      if (own === undefined) throw new Error("the worker's group is not there");
      return own.pending + (own.lag ?? 0);
    },
  };
}

function callers(socket: string): Pick<WorkerStage, "ask" | "callSocket"> {
  const json = { "content-type": "application/json" };
  return {
    ask: async (worker, method, path, body) =>
      fetch(`${await worker.url()}${path}`, {
        method,
        headers: { ...json, authorization: `Bearer ${TOKEN}`, "x-operator": "tester" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    callSocket: (body) =>
      fetch("http://localhost/v1/panic", {
        ...{ unix: socket, method: "POST", headers: json },
        body: JSON.stringify(body),
      }),
  };
}

/** A Redis that was asked for a group whose stream was trimmed does not know the lag. */
const groupsSchema = z.array(
  z.looseObject({ name: z.string(), pending: z.number(), lag: z.number().nullable() }),
);
const recordSchema = z.record(z.string(), z.string());
const entrySchema = z.tuple([z.string(), z.array(z.string())]);

function entriesOf(json: string): PanicCompletion[] {
  return z
    .array(entrySchema)
    .parse(JSON.parse(json))
    .map(([, flat]) => {
      const pairs = flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1]]] : []));
      return panicCompletionSchema.parse(Object.fromEntries(pairs));
    });
}

async function mustPass(call: ReturnType<PaperFixture["call"]>): Promise<void> {
  const reply = await call;
  if (reply.status !== 200) throw new Error(`${reply.status} ${JSON.stringify(reply.body)}`);
}

/** A panic as its issuer sends it. */
export function soundPanic(change: object = {}): { readonly event_id: string } & Record<string, unknown> {
  return {
    event_id: crypto.randomUUID(),
    reason: "TEST",
    severity: "CRITICAL",
    issued_by: "watchdog",
    ts: Date.now(),
    ...change,
  };
}

/** Closing orders of panics that the venue executed, by symbol and position side. */
export function closings(sight: VenueSight): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const order of sight.orders) {
    if (!order.clientOrderId.startsWith("panic-") || Number(order.executedQty) === 0) continue;
    const key = `${order.symbol} ${order.positionSide}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

export const restingOf = (sight: VenueSight) => ({
  plain: sight.orders.filter(({ status }) => status === "NEW").length,
  conditional: sight.algoOrders.filter(({ algoStatus }) => algoStatus === "NEW").length,
});
