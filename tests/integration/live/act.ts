/**
 * Plays the kernel's life in a mode with real hosts, on compiled binaries: `act.ts <mode> <folder> <host>…`. Only for
 * a network in which those hosts are this machine (walled-off.ts makes it); says what it saw as JSON.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { decodeResult } from "../../../lib/contract/execution-result.ts";
import type { Keys } from "../../../lib/contract/keys.ts";
import { ROLES, type Role } from "../../../lib/contract/roles.ts";
import { startProcess } from "../../../scripts/stack/child-process.ts";
import { readStream } from "../../../scripts/stack/read-pipeline.ts";
import type { RedisEye } from "../../../scripts/stack/redis-process.ts";
import { freePort } from "../../../scripts/stack/trading-stack.ts";
import { waitFor } from "../../../scripts/stack/wait-for.ts";
import { openStage, type Stage } from "../../chaos/exit/stage.ts";
import { followPanic } from "../../chaos/exit/timeline.ts";
import { certificatesIn } from "../../support/certificates.ts";
import { BINARIES } from "../../support/pipeline.ts";
import { HELD_PRICES, validDecision } from "../../support/valid-trade.ts";
import { encryptVenue } from "./encrypted-venue.ts";
import type { Sighting } from "./walled-off.ts";

const [mode = "", folder = "", rest = "", stream = ""] = process.argv.slice(2);
const real = {
  TRADING_MODE: mode,
  EXCHANGE_REST_URL: `https://${rest}`,
  EXCHANGE_WS_URL: `wss://${stream}`,
  BINANCE_API_KEY: "paper",
  BINANCE_API_SECRET: "paper",
  NODE_EXTRA_CA_CERTS: certificatesIn(folder).authority,
};
const roles = [
  "execution",
  "ai-strategy-router",
  "emergency-exit-worker",
  "exit-brain",
  "exit-brain-watchdog",
] as const;
const stage = await openStage({
  roles: [],
  env: Object.fromEntries(roles.map((role) => [role, real])),
});
const names = [rest, stream];
const venue = await encryptVenue({ folder, names, plainPort: Number(new URL(stage.venueUrl).port) });
try {
  for (const [symbol, price] of Object.entries(HELD_PRICES))
    await stage.venue.control("market", { symbol, price });
  for (const role of roles) await stage.role(role).start();
  const sighting: Sighting = {
    ...(await trade(stage)),
    ...(await refuse(stage)),
    ...(await panic(stage)),
    hosts: [],
  };
  process.stdout.write(`${JSON.stringify({ ...sighting, hosts: venue.hosts() })}\n`);
} finally {
  await stage[Symbol.asyncDispose]();
  venue.stop();
}

async function trade({ eye, keys }: Stage): Promise<Pick<Sighting, "endings" | "modeRecorded">> {
  const decisions = [
    validDecision(),
    validDecision({ symbol: "SOLUSDT", entry_price: 100, stop_loss: 98, take_profit: 103 }),
    validDecision({ symbol: "BNBUSDT", entry_price: 500, stop_loss: 510, take_profit: 525 }),
  ];
  const endings = [];
  for (const decision of decisions) endings.push(await endingOf(eye, keys, decision));
  return { endings, modeRecorded: String(await eye.command("GET", keys.mode)) };
}

async function endingOf(eye: RedisEye, keys: Keys, decision: object): Promise<Sighting["endings"][number]> {
  const trace = crypto.randomUUID();
  await eye.command(
    ...["XADD", keys.decisionStream, "*", "payload", JSON.stringify(decision)],
    ...["correlation_id", `corr-${trace}`, "trace_id", trace],
  );
  const found = await waitFor(
    "the decision has its result",
    async () =>
      (await readStream(eye, keys.resultStream))
        .map(({ fields }) => decodeResult(fields))
        .find((one) => one.trace_id === trace) ?? false,
    { timeoutMs: 60_000, everyMs: 20 },
  );
  return { status: found.status, orderId: found.order_id ?? "" };
}

/** What of another mode does not start, and what LIVE does not let a program do on its own. */
async function refuse(stage: Stage): Promise<Pick<Sighting, "intruder" | "recovery">> {
  const paper = { TRADING_MODE: "PAPER", EXCHANGE_REST_URL: stage.venueUrl };
  return {
    intruder: await endOf(stage, "execution", { ...paper, QUANTUM_INSTANCE: "intruder" }),
    recovery: await endOf(stage, "stream-recover", { TRADING_MODE: mode }),
  };
}

async function endOf(
  stage: Stage,
  role: Role,
  env: Readonly<Record<string, string>>,
): Promise<Sighting["intruder"]> {
  const logFile = join(stage.folder, `ended-${role}.log`);
  const own = {
    REDIS_URL: stage.redis.url,
    ADMIN_TOKEN: stage.token,
    ADMIN_PORT: String(freePort()),
    STATE_DIR: join(stage.folder, `state-ended-${role}`),
    HALT_FILE: stage.haltFile,
  };
  const command = [join(BINARIES, ROLES[role].binary)];
  const child = startProcess({ name: role, command, env: { ...own, ...env }, logFile });
  const code = await child.exited;
  return { code, said: readFileSync(logFile, "utf8") };
}

/** The exit brain dies with what the trades have opened. */
async function panic(stage: Stage): Promise<Pick<Sighting, "panic">> {
  const beats = async () => Number(await stage.eye.command("XLEN", stage.keys.heartbeatStream)) > 3;
  await waitFor("the exit brain beats", beats, { timeoutMs: 60_000 });
  await stage.role("exit-brain").kill();
  const course = await followPanic(stage, {
    atMs: Date.now(),
    what: "exit brain killed",
    flatWithinMs: 20_000,
  });
  const last = course.completions.at(-1);
  return {
    panic: {
      closed: last?.positions_closed ?? -1,
      failed: last?.positions_failed ?? -1,
      openAfter: (await stage.venue.positions()).length,
    },
  };
}
