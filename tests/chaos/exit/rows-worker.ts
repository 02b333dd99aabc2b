import type { z } from "zod";
import type { faultScriptSchema } from "../../../lib/paper/faults/fault-script.ts";
import { readStream } from "../../../scripts/stack/read-pipeline.ts";
import { waitFor } from "../../../scripts/stack/wait-for.ts";
import { must } from "./must.ts";
import { askWorker, callSocket, publishPanic, soundPanic } from "./panic-calls.ts";
import {
  completionsOf,
  journalCount,
  journalFile,
  lastCompletionOf,
  panicCloses,
  untilPanicsAcknowledged,
} from "./panic-traces.ts";
import type { Scenario } from "./scenario.ts";
import { openStage, type Stage } from "./stage.ts";
import { mustHaveClosedOnce, mustHaveClosedThree, openThreePositions } from "./three-positions.ts";
import { followPanic, type PanicCourse, readCourse, seeFlat, type Timeline } from "./timeline.ts";

type Rules = z.input<typeof faultScriptSchema>["rules"];

/** A moment of the worker's sequence at which it is killed. */
interface Step {
  readonly title: string;
  /** Holds the worker there for as long as it takes to kill it. */
  readonly hold: Rules;
  /** Seen from outside: it has come this far. */
  readonly reached: (stage: Stage) => Promise<boolean>;
}

const CLOSE = { method: "POST", path: "/fapi/v1/order" } as const;
const wrote =
  (...[type, count]: [Parameters<typeof journalCount>[1], number]) =>
  async (stage: Stage) =>
    (await journalCount(stage, type)) >= count;
const slow = (match: Rules[number]["match"], when: "before" | "after", ms = 1200): Rules => [
  { match, effect: { kind: "latency", ms, when } },
];

const STEPS: readonly Step[] = [
  {
    title: "the panic is written down",
    hold: slow({ path: "/fapi/v1/open*" }, "before"),
    reached: wrote("accepted", 1),
  },
  {
    title: "Redis has the halt",
    hold: slow({ path: "/fapi/v1/open*" }, "before"),
    reached: wrote("halt_confirmed", 1),
  },
  {
    title: "orders are cancelled, not answered",
    hold: slow({ method: "DELETE" }, "after"),
    reached: async (stage) => (await stage.venue.resting()).length === 0,
  },
  {
    title: "closes are signed and on their way",
    hold: slow(CLOSE, "before", 300),
    reached: wrote("signed", 3),
  },
  {
    title: "closes are executed, not answered",
    hold: slow(CLOSE, "after"),
    reached: async (stage) => (await stage.venue.positions()).length === 0,
  },
  {
    title: "closes were never received",
    hold: [{ match: CLOSE, count: 3, effect: { kind: "lost_request" } }],
    reached: wrote("signed", 3),
  },
  { title: "closes are settled, flat is not proved", hold: [], reached: wrote("settled", 3) },
  { title: "the completion is published", hold: [], reached: wrote("published", 1) },
];

/** The exit brain dies, the watchdog panics, the worker is killed at the step and comes back by itself. */
async function killedAt(step: Step): Promise<Timeline> {
  await using stage = await openStage();
  await openThreePositions(stage);
  const worker = stage.role("emergency-exit-worker");
  worker.supervise();
  await stage.venue.faults({ rules: step.hold });
  const atMs = Date.now();
  await stage.role("exit-brain").kill();
  await waitFor(step.title, () => step.reached(stage), { timeoutMs: 30_000, everyMs: 2 });
  await worker.kill();
  const killedMs = Date.now();
  await stage.venue.clearFaults();
  const course = await follow(stage, atMs, "exit brain killed -9");
  must(worker.ends.length === 1, `the worker ended ${worker.ends.length} times`);
  must(course.panics.length === 1, `one panic, not ${course.panics.length}`);
  return withMoment(course, killedMs, `worker killed -9: ${step.title}`);
}

async function follow(stage: Stage, atMs: number, what: string): Promise<PanicCourse> {
  const course = await followPanic(stage, {
    ...{ atMs, what, flatWithinMs: 30_000, completionWithinMs: 30_000 },
  });
  await mustHaveClosedThree(stage, course);
  await mustHaveClosedOnce(stage);
  const all = await completionsOf(stage);
  must(all.length === 1, `one completion, not ${all.length}`);
  return course;
}

const withMoment = (course: PanicCourse, atMs: number, what: string): Timeline =>
  [...course.timeline, [atMs, what] as const].toSorted(([a], [b]) => a - b);

/** Six lives, each ended as soon as it runs, and a seventh that finishes. */
async function killedAgainAndAgain(): Promise<Timeline> {
  await using stage = await openStage();
  await openThreePositions(stage);
  const worker = stage.role("emergency-exit-worker");
  worker.supervise(20);
  await stage.venue.faults({ rules: slow({ path: "/fapi/*" }, "after", 100) });
  const atMs = Date.now();
  await publishPanic(stage, soundPanic());
  await waitFor("it is accepted", () => wrote("accepted", 1)(stage), { timeoutMs: 10_000, everyMs: 2 });
  for (let life = 1; life <= 6; life += 1) {
    const signed = await journalCount(stage, "signed");
    const { pid } = worker.process();
    await worker.kill();
    await waitFor("it lives again", () => worker.process().pid !== pid, { timeoutMs: 5000, everyMs: 2 });
    // A life lasts until it has done something, or a tenth of a second and a bit more each time.
    const until = performance.now() + 100 * life;
    await waitFor(
      "it got a little further",
      async () => performance.now() > until || (await journalCount(stage, "signed")) > signed,
      { timeoutMs: 5000, everyMs: 5 },
    );
  }
  await stage.venue.clearFaults();
  const course = await follow(stage, atMs, "panic; worker killed -9 six times");
  must(worker.ends.length === 6, `the worker ended ${worker.ends.length} times`);
  return course.timeline;
}

/** The completion is in the journal and Redis has not taken it: it hangs while the worker dies. */
async function killedBeforePublishing(): Promise<Timeline> {
  await using stage = await openStage();
  await openThreePositions(stage);
  const worker = stage.role("emergency-exit-worker");
  worker.supervise();
  const atMs = Date.now();
  await publishPanic(stage, soundPanic());
  await waitFor("closes are settled", () => wrote("settled", 3)(stage), { timeoutMs: 20_000, everyMs: 2 });
  stage.redis.process().signal("SIGSTOP");
  await waitFor("it is completed", () => wrote("completed", 1)(stage), { timeoutMs: 30_000, everyMs: 2 });
  await worker.kill();
  stage.redis.process().signal("SIGCONT");
  return (await follow(stage, atMs, "panic; Redis hangs, worker killed -9 before publishing")).timeline;
}

/** Redis has taken the completion and the journal's line about it is lost with the worker. */
async function publishedUnknowingly(): Promise<Timeline> {
  await using stage = await openStage();
  await openThreePositions(stage);
  const worker = stage.role("emergency-exit-worker");
  const atMs = Date.now();
  await publishPanic(stage, soundPanic());
  await waitFor("it is published", () => wrote("published", 1)(stage), { timeoutMs: 30_000, everyMs: 2 });
  await worker.kill();
  const lines = (await Bun.file(journalFile(stage)).text()).split("\n");
  await Bun.write(journalFile(stage), lines.filter((line) => !line.includes('"published"')).join("\n"));
  await worker.start();
  await waitFor("it is known again", () => wrote("published", 1)(stage), { timeoutMs: 10_000 });
  return (await follow(stage, atMs, "panic; worker killed -9 after publishing")).timeline;
}

/** The same event by stream (twice), socket and HTTP at once. */
async function duplicated(): Promise<Timeline> {
  await using stage = await openStage();
  await openThreePositions(stage);
  const atMs = Date.now();
  const panic = soundPanic();
  await Promise.all([
    publishPanic(stage, panic),
    publishPanic(stage, panic),
    callSocket(stage, panic),
    askWorker(stage, { method: "POST", path: "/v1/panic", body: panic }),
  ]);
  const course = await follow(stage, atMs, "one panic four times");
  must((await journalCount(stage, "accepted")) === 1, "it was accepted once");
  return course.timeline;
}

/** A second panic while the first runs. */
async function twoAtOnce(): Promise<Timeline> {
  await using stage = await openStage();
  await openThreePositions(stage);
  await stage.venue.faults({ rules: slow(CLOSE, "after", 400) });
  const atMs = Date.now();
  const [first, second] = [soundPanic(), soundPanic({ issued_by: "risk_kernel" })];
  await publishPanic(stage, first);
  await publishPanic(stage, second);
  const flatMs = await seeFlat(stage, 30_000);
  const [own, joined] = await Promise.all(
    [first, second].map((one) => lastCompletionOf(stage, one.event_id)),
  );
  must(own?.status === "flat", `the first panic ended ${own?.status}`);
  must(joined?.status === "joined", `the second panic ended ${joined?.status}`);
  must(joined.detail.includes(first.event_id), "the second says which panic it joined");
  must(joined.positions_closed === 3, "the second has the results of the run");
  const course = await readCourse(stage, { atMs, what: "two panics at once", flatMs });
  await mustHaveClosedThree(stage, course);
  await mustHaveClosedOnce(stage);
  must(course.completions.length === 2, "one completion a panic");
  return course.timeline;
}

/** The same event again, by every way, when it is done, its halt cleared and a position open. */
async function replayed(): Promise<Timeline> {
  await using stage = await openStage();
  await openThreePositions(stage);
  const atMs = Date.now();
  const panic = soundPanic();
  await publishPanic(stage, panic);
  const course = await follow(stage, atMs, "panic");
  const cleared = await askWorker(stage, { method: "DELETE", path: "/v1/halt", body: { why: "drill over" } });
  must(cleared === 200, `clearing the halt answered ${cleared}`);
  await stage.venue.openPositions(["SIM001USDT"]);
  const replayedMs = Date.now();
  await publishPanic(stage, panic);
  must((await callSocket(stage, panic)) === 200, "the socket says that it is done");
  await untilPanicsAcknowledged(stage);
  // A worker that lost its journal has only Redis to know it by.
  await stage.role("emergency-exit-worker").kill();
  await Bun.file(journalFile(stage)).delete();
  await stage.role("emergency-exit-worker").start();
  await publishPanic(stage, panic);
  await untilPanicsAcknowledged(stage);
  must((await stage.venue.positions()).length === 1, "the replay closed a position");
  must((await panicCloses(stage)).get("SIM001USDT BOTH") === 1, "the replay sent a close");
  must(!stage.haltFileStands(), "the replay halted trading");
  must((await completionsOf(stage)).length === 1, "the replay was completed again");
  must((await readStream(stage.eye, stage.keys.panicStream)).length === 3, "three entries of one event");
  return withMoment(course, replayedMs, "replayed: not run");
}

/** Rows 7 and 8: the worker itself fails, and panics come more than once. */
export const WORKER_SCENARIOS: readonly Scenario[] = [
  ...STEPS.map((step, at) => ({
    ...{ row: 7, part: "abcdefgh"[at] ?? "", title: `worker killed -9: ${step.title}`, quick: false },
    run: () => killedAt(step),
  })),
  {
    ...{ row: 7, part: "i", title: "worker killed -9 six times in a row", quick: false },
    run: killedAgainAndAgain,
  },
  {
    ...{ row: 7, part: "j", title: "worker killed -9 before Redis took its completion", quick: false },
    run: killedBeforePublishing,
  },
  {
    ...{ row: 7, part: "k", title: "worker killed -9 after publishing, unwritten", quick: false },
    run: publishedUnknowingly,
  },
  { row: 8, part: "a", title: "one panic four times at once", quick: false, run: duplicated },
  { row: 8, part: "b", title: "two different panics at once", quick: false, run: twoAtOnce },
  { row: 8, part: "c", title: "a panic replayed after its completion", quick: false, run: replayed },
];
