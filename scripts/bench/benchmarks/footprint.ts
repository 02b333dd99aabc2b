import { mkdirSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { ROLES } from "../../../lib/contract/roles.ts";
import { type ChildProcess, lastLines, startProcess } from "../../stack/child-process.ts";
import { freePort } from "../../stack/trading-stack.ts";
import type { Benchmark } from "../benchmark.ts";
import { listenForNotifications, type NotifyListener } from "../drive/notify-listener.ts";
import type { Finding } from "../finding.ts";
import { compileFloor } from "../floor/compile-floor.ts";
import { figureText } from "../measure/figures.ts";
import { median } from "../measure/median.ts";
import { type ProcessMemory, readProcessMemory } from "../measure/process-memory.ts";
import { ratioOfRounds } from "../measure/ratio-of-rounds.ts";
import { startBenchRedis, type Workbench } from "../workbench.ts";

const ROUNDS = { quick: 3, full: 9, long: 9 } as const;
const READY_TIMEOUT_MS = 15_000;
/** After this time nothing of the start is under way any more. */
const IDLE_AFTER_MS = 5000;
/** The exchange first: execution is not ready before it has read its account. */
const MEASURED = [
  "paper-exchange",
  "ai-strategy-router",
  "execution",
  "exit-brain",
  "exit-brain-watchdog",
  "emergency-exit-worker",
  "safety-telemetry",
  "audit-logger",
] as const;
/** As the lines call the floors. */
const WITH_NODE_REDIS = "floor with node-redis";
const WITHOUT_NODE_REDIS = "floor without node-redis";
const START_TIMES_MAX = 2;
const RSS_TIMES_MAX = 1.15;

interface Program {
  readonly name: string;
  readonly binary: string;
  readonly env: Readonly<Record<string, string>>;
  /** Whether node-redis is in it. */
  readonly nodeRedis: boolean;
}

interface Measured {
  readonly program: Program;
  readonly startsMs: number[];
  memory: ProcessMemory | undefined;
}

/** What a daemon costs before it does anything. */
export const footprint: Benchmark = {
  name: "footprint",
  title: "Footprint: size, start, memory",
  method:
    "The floor is a program compiled in the same run with the same flags: it imports the packages that the project stands on, " +
    "connects to Redis and serves /healthz. A second one has the repository's own wire in the place of node-redis; a daemon " +
    "whose binary leaves that out, too (its source map says so), is held against both, the second without an aim. Start is " +
    "from the spawn to READY=1 on a unix datagram socket, read in a " +
    `blocking call; median of ${ROUNDS.full} starts, floors and daemons in turn. Memory is /proc/PID/smaps_rollup ` +
    `${IDLE_AFTER_MS / 1000} s after the last READY, all of them running; RSS counts the mapped runtime, own is the ` +
    "anonymous part: heap and stacks. Together: the sum over the daemons against the sum of the floors with their own packages.",
  limit:
    "What a daemon holds above its floor is in the rows: the difference of *own* is its modules, schemas and buffers, the rest " +
    "is pages of the runtime that a floor never touches (HTTP client, WebSocket, HMAC). The router, which speaks to no " +
    "exchange, has least of both.",
  run: measure,
};

async function measure(bench: Workbench): Promise<readonly Finding[]> {
  const redis = await startBenchRedis(bench, "everysec");
  const listener = await listenForNotifications(`bench-${process.pid}-${Date.now()}`);
  bench.defer(listener.close);
  const floors = [await compileFloor(bench.folder), await compileFloor(bench.folder, "wire-floor")] as const;
  const programs = await programsOf(bench, floors, redis.process.url);
  const measured = programs.map((program): Measured => ({ program, startsMs: [], memory: undefined }));
  const last = ROUNDS[bench.effort];
  for (let round = 0; round <= last; round += 1)
    await startInTurn(bench, listener, { measured, round, last });
  const [floor, wireFloor, ...daemons] = measured;
  if (floor === undefined || wireFloor === undefined) throw new Error("there is no floor");
  const lines = daemons.map(async (daemon) => [
    ...(await linesOf(daemon, floor)),
    ...(daemon.program.nodeRedis ? [] : linesBeside(daemon, wireFloor)),
  ]);
  const ofFloors = [...(await linesOf(floor, undefined)), ...(await linesOf(wireFloor, undefined))];
  const pairs = daemons.map((daemon) => ({ daemon, floor: daemon.program.nodeRedis ? floor : wireFloor }));
  return [...ofFloors, ...(await Promise.all(lines)).flat(), ...linesTogether(pairs)];
}

/** By the binary's source map, which the build puts beside it. Throws when there is none. */
async function hasNodeRedis(binary: string): Promise<boolean> {
  return (await Bun.file(`${binary}.map`).text()).includes("node_modules/@redis/client/");
}

async function programsOf(
  bench: Workbench,
  [floor, wireFloor]: readonly [string, string],
  redisUrl: string,
): Promise<readonly Program[]> {
  const port = freePort();
  const brainPort = freePort();
  const ports = new Map<string, number>([
    ["paper-exchange", port],
    ["exit-brain", brainPort],
  ]);
  const daemonEnv = (role: string) => {
    const stateDir = join(bench.folder, "state", role);
    mkdirSync(stateDir, { recursive: true });
    return {
      TRADING_MODE: "PAPER",
      REDIS_URL: redisUrl,
      EXCHANGE_REST_URL: `http://127.0.0.1:${port}`,
      EXCHANGE_WS_URL: `ws://127.0.0.1:${port}`,
      ADMIN_PORT: String(ports.get(role) ?? 0),
      QUANTUM_INSTANCE: "bench",
      STATE_DIR: stateDir,
      HALT_FILE: join(bench.folder, "halted"),
      PANIC_SOCKET: join(bench.folder, "panic.sock"),
      ...(role === "exit-brain-watchdog" ? { EXIT_BRAIN_URL: `http://127.0.0.1:${brainPort}` } : {}),
    };
  };
  const daemons = MEASURED.map(async (role) => {
    const { binary: name } = ROLES[role];
    const binary = join(bench.binaries, name);
    return { name, binary, env: daemonEnv(role), nodeRedis: await hasNodeRedis(binary) };
  });
  const env = { REDIS_URL: redisUrl };
  return [
    { name: WITH_NODE_REDIS, binary: floor, env, nodeRedis: true },
    { name: WITHOUT_NODE_REDIS, binary: wireFloor, env, nodeRedis: false },
    ...(await Promise.all(daemons)),
  ];
}

/** One start of each; round 0 only fills the page cache, the last one stays up until it is idle. */
async function startInTurn(
  bench: Workbench,
  listener: NotifyListener,
  starts: { readonly measured: readonly Measured[]; readonly round: number; readonly last: number },
): Promise<void> {
  const { measured, round, last } = starts;
  const running: ChildProcess[] = [];
  try {
    for (const { program, startsMs } of measured) {
      listener.drain();
      const started = performance.now();
      const child = startProcess({
        name: program.name,
        command: [program.binary],
        env: { ...program.env, NOTIFY_SOCKET: listener.address },
        logFile: join(bench.folder, `${program.name}.log`),
      });
      running.push(child);
      bench.defer(async () => void (await child.stop()));
      const readyAt = readyOf(listener, child);
      if (round > 0) startsMs.push(readyAt - started);
    }
    if (round < last) return;
    await Bun.sleep(IDLE_AFTER_MS);
    for (const [index, one] of measured.entries()) {
      one.memory = await readProcessMemory(running[index]?.pid ?? 0);
    }
  } finally {
    // The last one first: who watches goes before whom it watches.
    for (const child of running.toReversed()) await child.stop();
  }
}

function readyOf(listener: NotifyListener, child: ChildProcess): number {
  try {
    return listener.waitFor("READY=1", READY_TIMEOUT_MS);
  } catch (cause) {
    throw new Error(`${child.name} did not get ready; its last lines:\n${lastLines(child)}`, { cause });
  }
}

async function linesOf(measured: Measured, floor: Measured | undefined): Promise<readonly Finding[]> {
  const { program, startsMs } = measured;
  const memory = memoryOf(measured);
  const against = (value: number, base: number | undefined, limit?: number): Partial<Finding> => ({
    ...(base === undefined ? {} : { ratio: { value: value / base, to: floor?.program.name ?? "" } }),
    ...(base === undefined || limit === undefined ? {} : { aim: { of: "ratio", bound: "at most", limit } }),
  });
  const line = (what: string, figure: number, unit: string, more: Partial<Finding> = {}): Finding => ({
    ...{ what: `${program.name}: ${what}`, figure, unit, ...more },
  });
  const megabytes = async (one: Measured) => (await stat(one.program.binary)).size / 1e6;
  const size = await megabytes(measured);
  const floorSize = floor === undefined ? undefined : await megabytes(floor);
  const { pssMib, ownMib, rssMib } = memory;
  const detail = `PSS ${figureText(pssMib)}, own ${figureText(ownMib)}`;
  return [
    line("binary", size, "MB", against(size, floorSize)),
    line(
      "start to READY=1",
      median(startsMs),
      "ms",
      floor === undefined ? {} : startAgainst(measured, floor),
    ),
    line("idle RSS", rssMib, "MiB", { ...against(rssMib, floor?.memory?.rssMib, RSS_TIMES_MAX), detail }),
  ];
}

/** Against the floor without what the daemon leaves out; nothing is promised of it. */
function linesBeside(measured: Measured, floor: Measured): readonly Finding[] {
  const { ratio } = startAgainst(measured, floor);
  const { rssMib } = memoryOf(measured);
  return [
    ...[{ what: "start, with its own packages alone", figure: median(measured.startsMs), unit: "ms", ratio }],
    {
      ...{ what: "idle RSS, with its own packages alone", figure: rssMib, unit: "MiB" },
      ratio: { value: rssMib / memoryOf(floor).rssMib, to: floor.program.name },
    },
  ].map((line) => ({ ...line, what: `${measured.program.name}: ${line.what}` }));
}

/** Starts by the rounds they were made in. */
function startAgainst(measured: Measured, floor: Measured): Required<Pick<Finding, "ratio" | "aim">> {
  const pairs = measured.startsMs.flatMap((ms, round) => {
    const floorMs = floor.startsMs[round];
    return floorMs === undefined ? [] : [{ ms, floorMs }];
  });
  const against = { of: ({ floorMs }: { readonly floorMs: number }) => floorMs, to: floor.program.name };
  return {
    ratio: ratioOfRounds(pairs, ({ ms }) => ms, against),
    aim: { of: "ratio", bound: "at most", limit: START_TIMES_MAX },
  };
}

interface Pair {
  readonly daemon: Measured;
  readonly floor: Measured;
}

function linesTogether(pairs: readonly Pair[]): readonly Finding[] {
  const line = (name: string, of: "rssMib" | "pssMib"): Finding => {
    const sum = (side: keyof Pair) => pairs.reduce((total, pair) => total + memoryOf(pair[side])[of], 0);
    return {
      ...{ what: `all ${pairs.length} daemons together: idle ${name}`, figure: sum("daemon"), unit: "MiB" },
      ratio: { value: sum("daemon") / sum("floor"), to: "their floors" },
      aim: { of: "ratio", bound: "at most", limit: RSS_TIMES_MAX },
    };
  };
  return [line("RSS", "rssMib"), line("PSS", "pssMib")];
}

function memoryOf({ program, memory }: Measured): ProcessMemory {
  if (memory === undefined) throw new Error(`${program.name} was never idle`);
  return memory;
}
