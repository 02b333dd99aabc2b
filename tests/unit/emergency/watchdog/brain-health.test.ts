import { expect, test } from "bun:test";
import { systemClock } from "../../../../lib/daemon/clock.ts";
import { BrainHealth } from "../../../../lib/emergency/watchdog/brain-health.ts";
import { keptLog } from "../../../support/quiet-log.ts";
import { waitUntil } from "../../../support/wait-until.ts";

const well = { role: "exit-brain", ok: true, beatAgeMs: 900, beatAgeMsMax: 10_000 };

/** Asks over a scripted `fetch`. */
async function answersTo(reply: () => Promise<Response>, unseen = true, nowMs = () => 5000) {
  const asked: string[] = [];
  const log = keptLog();
  const health = new BrainHealth({
    url: "http://127.0.0.1:8008",
    fetch: (url) => {
      asked.push(url);
      return reply();
    },
    clock: { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms / 100, signal) },
    watchClock: { nowMs },
    isUnseen: () => unseen,
    log,
  });
  const stop = new AbortController();
  const running = health.run(stop.signal);
  if (unseen) await waitUntil("it was asked three times", () => asked.length >= 3);
  else await systemClock.sleep(30);
  const healthyAtMs = health.healthyAtMs();
  stop.abort();
  await running;
  return { healthyAtMs, asked, log, healthy: health.isHealthy() };
}

test("an answer of the exit brain whose loop beats is healthy", async () => {
  const { healthyAtMs, asked } = await answersTo(async () => Response.json(well));
  expect(healthyAtMs).toBe(5000);
  expect(asked[0]).toBe("http://127.0.0.1:8008/healthz");
});

test.each([
  ["another role", async () => Response.json({ ...well, role: "execution" })],
  ["a loop that has not beaten for more than 3 s", async () => Response.json({ ...well, beatAgeMs: 3001 })],
  ["not ok", async () => Response.json({ ...well, ok: false }, { status: 503 })],
  ["no JSON", async () => new Response("<html>")],
  ["no connection", () => Promise.reject(new Error("refused"))],
  ["no answer in time", () => new Promise<Response>(() => undefined)],
])("%s is not healthy", async (_, reply) => {
  expect((await answersTo(reply)).healthyAtMs).toBeUndefined();
});

test("while heartbeats tell it is asked once in 10 s, so that a wrong address is known before it matters", async () => {
  const { asked, healthy, log } = await answersTo(() => Promise.reject(new Error("refused")), false);
  expect(asked).toHaveLength(1);
  expect(healthy).toBe(false);
  expect(log.lines.map(({ level }) => level)).toEqual(["warn"]);
});

test("an answer is of when it was asked for, however long it took", async () => {
  let nowMs = 5000;
  const late = async () => {
    nowMs += 800;
    return Response.json(well);
  };
  const { healthyAtMs = 0, asked } = await answersTo(late, true, () => nowMs);
  expect(healthyAtMs).toBeLessThanOrEqual(5000 + 800 * (asked.length - 1));
});
