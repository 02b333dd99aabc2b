import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keysOf } from "../../../lib/contract/keys.ts";
import { startDaemon } from "../../support/daemon-process.ts";
import { soundIntent } from "../../support/execution-desk.ts";
import { startPaper } from "../../support/paper-exchange.ts";
import { startRedisServer } from "../../support/redis-server.ts";
import { waitUntil } from "../../support/wait-until.ts";

const EXECUTION = join(import.meta.dir, "..", "..", "..", "cmd", "execution.ts");

test("an execution that starts settles the order in doubt that a stranger's XTRIM took the intent of", async () => {
  const keys = keysOf("");
  await using redis = await startRedisServer();
  await using paper = await startPaper({});
  await paper.setPrice("ETHUSDT", "3000");
  const stateDir = await mkdtemp(join(tmpdir(), "trimmed-"));
  const start = () =>
    startDaemon({
      ...{ command: ["bun", EXECUTION], stateDir },
      environment: {
        ...{ REDIS_URL: redis.url, EXCHANGE_REST_URL: paper.url, EXCHANGE_WS_URL: paper.wsUrl },
        ...{ HALT_FILE: "/nonexistent/halted", MIN_HOLD_SECONDS: "0" },
      },
    });
  await redis.cli("SET", keys.kill, "0");
  const unanswered = { kind: "http" as const, status: 502, executed: true };
  await paper.useFaults({
    rules: ["POST" as const, "GET" as const].map((method) => ({
      ...{ match: { method, path: "/fapi/v1/order" }, effect: unanswered },
    })),
  });
  const ledger = `${keys.orderLedgerPrefix}trimmed-before-restart`;
  const before = await start();
  await before.said("ready");
  const intent = JSON.stringify(soundIntent({ intent_id: "trimmed-before-restart" }));
  await redis.cli("XADD", keys.intentStream, "*", "data", intent);
  await waitUntil("it is in doubt", async () => (await redis.cli("HGET", ledger, "state")) === "UNKNOWN");
  before.kill("SIGKILL");
  await before.exited;
  await redis.cli("XTRIM", keys.intentStream, "MAXLEN", "0");
  await paper.clearFaults();

  await using after = await start();
  await after.said("ready");
  await waitUntil("it is settled", async () => (await redis.cli("HGET", ledger, "state")) === "FILLED");
  expect(await redis.cli("XLEN", keys.resultStream)).toBe("1");
  expect(await redis.cli("HGET", `${keys.positionPlanPrefix}ETHUSDT`, "stop_loss")).toBe("2970");
  expect(await redis.cli("HLEN", keys.gateInFlight)).toBe("0");
  await rm(stateDir, { recursive: true });
});
