import { expect, test } from "bun:test";
import { join } from "node:path";
import { decodeResult } from "../../../lib/contract/execution-result.ts";
import { listReply, recordReply } from "../../../lib/redis/reply.ts";
import { startDaemon } from "../../support/daemon-process.ts";
import { soundIntent } from "../../support/execution-desk.ts";
import { failureOf } from "../../support/failure-of.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { openExitDesk } from "./exit-desk.ts";

const EXECUTION = join(import.meta.dir, "..", "..", "..", "cmd", "execution.ts");
/** Another symbol: its price stays where the entry was decided. */
const BITCOIN = {
  ...{ symbol: "BTCUSDT", entry_price: "60000", quantity: "0.01", stop_loss: "59400", take_profit: "61800" },
};

test("with Redis out of memory the exit brain beats on, and its exit is executed", async () => {
  await using desk = await openExitDesk();
  await using execution = await startDaemon({
    command: ["bun", EXECUTION],
    environment: {
      ...{ REDIS_URL: desk.server.url, EXCHANGE_REST_URL: desk.paper.url, EXCHANGE_WS_URL: desk.paper.wsUrl },
      ...{ HALT_FILE: "/nonexistent/halted", MIN_HOLD_SECONDS: "0" },
    },
  });
  await execution.said("ready");
  await desk.redis("SET", desk.keys.kill, "0");
  const results = async () =>
    listReply(await desk.redis("XRANGE", desk.keys.resultStream, "-", "+")).map((entry) =>
      decodeResult(recordReply(listReply(entry)[1])),
    );
  // However long a busy machine takes to execute an exit, that alone is no alarm here.
  const brain = await desk.start({ PROTECTIVE_STOP: "none", EXIT_CONFIRM_MS: "60000" });
  await desk.order({ symbol: "ETHUSDT", side: "BUY", quantity: "0.2" });
  await waitUntil("it is guarded", async () => (await brain.positions())[0]?.decision === "hold");
  await waitUntil("its plan is stored", async () => (await desk.plan("ETHUSDT"))["stop_loss"] === "2940");
  await desk.redis("CONFIG", "SET", "maxmemory", "1");
  const intentId = "an-entry-without-memory";
  const entry = ["data", JSON.stringify(soundIntent({ intent_id: intentId, ...BITCOIN }))];
  const refused = await failureOf(desk.redis("XADD", desk.keys.intentStream, "*", ...entry));
  expect(refused.message).toStartWith("OOM");
  // Were it in the stream all the same, it would not be submitted.
  await desk.redis("FCALL", "append_v1", "1", desk.keys.intentStream, "9999999999999", "", ...entry);
  const ledger = `${desk.keys.orderLedgerPrefix}${intentId}`;
  await waitUntil(
    "execution has read it",
    async () => (await desk.redis("HGET", ledger, "state")) === "RECEIVED",
  );

  const before = (await desk.heartbeats()).length;
  await waitUntil("three more beats", async () => (await desk.heartbeats()).length >= before + 3);
  await desk.paper.setPrice("ETHUSDT", "2900");
  await waitUntil("it is flat", async () => Object.keys(await desk.amounts()).length === 0);
  const all = await waitUntil("the exit has its result", async () => {
    const found = await results();
    return found.length > 0 && found;
  });
  expect(all).toMatchObject([{ status: "filled", action: "SELL" }]);
  expect(await desk.redis("HGET", ledger, "state")).toBe("RECEIVED");
});
