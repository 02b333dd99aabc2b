import { expect, test } from "bun:test";
import { join } from "node:path";
import { GROUPS } from "../../../lib/contract/groups.ts";
import { publish, resultOf, results, startPipeline, WIDE_OPEN } from "../../support/pipeline.ts";
import { validIntent } from "../../support/valid-trade.ts";
import { waitUntil } from "../../support/wait-until.ts";

const COMMAND = join(import.meta.dir, "..", "..", "..", "cmd", "stream-recover.ts");
const INTENTS = 40;

test("stale entries of a dead consumer end up executed, each exactly once", async () => {
  // Execution's own take-over is put out of the way: whatever happens here, recovery did it.
  const env = { ...WIDE_OPEN, execution: { ...WIDE_OPEN.execution, STALE_IDLE_MS: "86400000" } };
  await using pipeline = await startPipeline({ env });
  const { eye, keys } = pipeline;
  const execution = pipeline.stack.daemons.execution.process();
  const alive = `${keys.rolePrefix}execution:local`;
  await waitUntil("execution beats", async () => (await eye.command("EXISTS", alive)) === 1);
  execution.signal("SIGSTOP");
  const intents = Array.from({ length: INTENTS }, () => validIntent());
  const where = [keys.intentStream, GROUPS.executionIntents] as const;
  const ids: string[] = [];
  for (const intent of intents) ids.push(await publish(pipeline, intent));
  await eye.command("XREADGROUP", "GROUP", where[1], "execution-dead", "STREAMS", where[0], ">");
  // Whoever was given them, execution's blocked read or ours: they are the dead consumer's now, for long.
  await eye.command("XCLAIM", ...where, "execution-dead", "0", ...ids, "IDLE", "600000", "JUSTID");
  const recover = Bun.spawn(["bun", COMMAND], {
    env: { TRADING_MODE: "PAPER", REDIS_URL: pipeline.stack.redis.url },
    stdout: "pipe",
    stderr: "ignore",
  });
  const said = await recover.stdout.text();
  expect(await recover.exited).toBe(0);
  expect(said).toContain(`"claimed":${INTENTS}`);
  execution.signal("SIGCONT");
  // Execution looks at its own pending entries every 10 s.
  const settled = async () => (await results(pipeline)).length >= INTENTS;
  await waitUntil("every intent has its result", settled);
  for (const intent of intents) await resultOf(pipeline, String(intent["intent_id"]));
  const ended = (await results(pipeline)).filter(({ status }) => status === "filled");
  const orders = (await pipeline.orders()).map(({ clientOrderId }) => clientOrderId);
  expect(new Set(orders).size).toBe(orders.length);
  expect(ended.length).toBeGreaterThan(0);
  for (const { client_order_id: id } of ended) expect(orders).toContain(id);
}, 120_000);
