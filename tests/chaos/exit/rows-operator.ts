import { z } from "zod";
import { waitFor } from "../../../scripts/stack/wait-for.ts";
import { decide, publish, resultOf } from "../../support/pipeline.ts";
import { validIntent } from "../../support/valid-trade.ts";
import { must } from "./must.ts";
import { askWorker, callSocket, publishPanic, soundPanic } from "./panic-calls.ts";
import { completionsOf, haltedInRedis } from "./panic-traces.ts";
import type { Scenario } from "./scenario.ts";
import { openStage, type Stage } from "./stage.ts";
import { openThreePositions } from "./three-positions.ts";
import { followPanic, type Timeline } from "./timeline.ts";

/** Calls that no issuer of ours makes. */
async function refusedCalls(): Promise<Timeline> {
  await using stage = await openStage();
  await openThreePositions(stage);
  const atMs = Date.now();
  await publishPanic(stage, soundPanic({ issued_by: "a stranger" }));
  await publishPanic(stage, soundPanic({ event_id: "not a uuid" }));
  await publishPanic(stage, soundPanic({ severity: "LOW" }));
  await publishPanic(stage, { hello: "world" });
  const body = { ...soundPanic(), ts: Date.now() };
  const path = "/v1/panic";
  must(
    (await askWorker(stage, { method: "POST", path, body }, { operator: "eve" })) === 401,
    "no token: 401",
  );
  const wrong = { token: "wrong", operator: "eve" };
  must((await askWorker(stage, { method: "POST", path, body }, wrong)) === 401, "a wrong token: 401");
  must((await callSocket(stage, { reason: "no fields" })) === 400, "a malformed call by socket: 400");
  await waitFor(
    "the four in the stream are recorded as refused",
    async () => (await completionsOf(stage)).filter((one) => one.status === "refused").length >= 4,
    { timeoutMs: 10_000 },
  );
  must((await stage.venue.positions()).length === 3, "nothing was closed");
  must(!stage.haltFileStands() && (await haltedInRedis(stage)) !== "true", "nothing was halted");
  return [
    [atMs, "seven calls that nobody may make"],
    [Date.now(), "refused and recorded; three positions open, trading not halted"],
  ];
}

/** A worker that is started for the first time on a stream with old panics. */
async function oldPanics(): Promise<Timeline> {
  await using stage = await openStage({ roles: ["execution", "exit-brain"] });
  await openThreePositions(stage);
  const longAgo = Date.now() - 120_000;
  await publishPanic(stage, soundPanic(), `${longAgo}-0`);
  const atMs = Date.now();
  await stage.role("emergency-exit-worker").start();
  const refused = await waitFor(
    "it is recorded as refused",
    async () => (await completionsOf(stage)).find((one) => one.status === "refused"),
    { timeoutMs: 10_000 },
  );
  must(refused.detail.includes("BEFORE_INSTALL"), `because of ${refused.detail}`);
  must((await stage.venue.positions()).length === 3, "nothing was closed");
  return [
    [longAgo, "a panic that nobody handled"],
    [atMs, "the worker is installed"],
    [Date.now(), "refused: BEFORE_INSTALL; three positions open"],
  ];
}

/** An entry that execution must deny. */
async function mustDeny(stage: Stage): Promise<void> {
  const intent = validIntent(await soundPrices(stage));
  await publish(stage, intent);
  const result = await resultOf(stage, String(intent["intent_id"]));
  must(
    result.status === "denied" && result.reason === "TRADING_HALTED",
    `the entry ended ${result.status} ${result.reason}`,
  );
}

/** An operator works during a halt and ends it, by one way or the other. */
function clearedBy(how: string, clear: (stage: Stage) => Promise<void>): () => Promise<Timeline> {
  return async () => {
    await using stage = await openStage({ env: { execution: { MIN_HOLD_SECONDS: "0" } } });
    await openThreePositions(stage);
    const atMs = Date.now();
    await publishPanic(stage, soundPanic());
    const course = await followPanic(stage, { atMs, what: "panic", flatWithinMs: 15_000 });
    // Somebody opened by hand, and closes by hand, through the pipeline: halts deny entries alone.
    await stage.venue.openPositions(["ETHUSDT"]);
    const byHandMs = Date.now();
    await decide(stage, { symbol: "ETHUSDT", side: "CLOSE", timestamp: Date.now() });
    await waitFor("the operator's close passed", async () => (await stage.venue.positions()).length === 0, {
      timeoutMs: 10_000,
    });
    await mustDeny(stage);
    must(stage.haltFileStands(), "the halt file stands until somebody clears it");
    const clearedMs = Date.now();
    await clear(stage);
    await waitFor("the halt file is gone", () => !stage.haltFileStands(), { timeoutMs: 5000 });
    const intent = validIntent(await soundPrices(stage));
    await publish(stage, intent);
    const result = await resultOf(stage, String(intent["intent_id"]));
    must(result.status === "filled", `after the clearing an entry ended ${result.status} ${result.reason}`);
    return [
      ...course.timeline,
      [byHandMs, "the operator closes by hand: passes; an entry: denied"],
      [clearedMs, `cleared by ${how}: entries pass again`],
    ];
  };
}

const indexSchema = z.looseObject({ markPrice: z.string() });

/** Prices at which an entry on ETHUSDT has sound geometry now. */
async function soundPrices(stage: Stage): Promise<Readonly<Record<string, number>>> {
  const index = await stage.venue.call("GET", "/fapi/v1/premiumIndex", { symbol: "ETHUSDT" });
  const mark = Number(indexSchema.parse(index).markPrice);
  return { entry_price: mark, stop_loss: mark * 0.98, take_profit: mark * 1.06, position_size_usd: 60 };
}

/** Rows 11 and 14: who may do what. */
export const OPERATOR_SCENARIOS: readonly Scenario[] = [
  { row: 11, part: "a", title: "forged, malformed and unauthorised calls", quick: false, run: refusedCalls },
  { row: 11, part: "b", title: "first start on a stream with old panics", quick: false, run: oldPanics },
  {
    ...{ row: 14, part: "a", title: "closed by hand during a halt; cleared by curl", quick: false },
    run: clearedBy("DELETE /v1/halt", async (stage) => {
      const call = { method: "DELETE", path: "/v1/halt", body: { why: "mended" } } as const;
      must((await askWorker(stage, call)) === 200, "the clearing is accepted");
    }),
  },
  {
    ...{ row: 14, part: "b", title: "closed by hand during a halt; cleared by redis-cli", quick: false },
    run: clearedBy("redis-cli DEL", async (stage) => {
      await stage.eye.command("DEL", stage.keys.tradingState);
    }),
  },
];
