import { expect, test } from "bun:test";
import { GROUPS } from "../../../lib/contract/groups.ts";
import { KEYS, openExporterDesk } from "./exporter-desk.ts";

const HOUR_MS = 3_600_000;
const AGE = "quantum_exit_brain_heartbeat_age_seconds ";

// A machine that boots with its clock an hour ahead and is then set right: Redis goes on from the last id.
test("an exit brain that falls silent after the clock was set back is seen as silent", async () => {
  await using desk = await openExporterDesk();
  await desk.write(
    "XADD",
    KEYS.heartbeatStream,
    `${Date.now() + HOUR_MS}-0`,
    "written",
    "while it was ahead",
  );
  await desk.beat();
  await desk.sampler.sample();
  // It beats: each is the last id and one more.
  desk.advance(15_000);
  await desk.beat();
  await desk.sampler.sample();
  const alive = await desk.lines(AGE);
  // It is dead.
  for (let n = 0; n < 4; n += 1) {
    desk.advance(15_000);
    await desk.sampler.sample();
  }
  const silent = Number((await desk.lines(AGE))[0]?.slice(AGE.length));
  expect({ alive, silentSec: Math.round(silent / 10) * 10 }).toEqual({ alive: [`${AGE}0`], silentSec: 60 });
});

test("a panic that Redis took while its clock was ahead grows old all the same", async () => {
  await using desk = await openExporterDesk();
  const call = {
    event_id: crypto.randomUUID(),
    reason: "MANUAL",
    severity: "CRITICAL",
    issued_by: "ops",
    ts: "1",
  };
  await desk.write("XADD", KEYS.panicStream, `${Date.now() + HOUR_MS}-0`, ...Object.entries(call).flat());
  for (let n = 0; n < 5; n += 1) {
    await desk.sampler.sample();
    desk.advance(15_000);
  }
  expect(desk.collectors.panics.latest?.panics).toHaveLength(1);
  const age = Number((await desk.lines("quantum_panic_open_age_seconds "))[0]?.split(" ")[1]);
  expect(Math.round(age / 10) * 10).toBe(60);
});

test.each([
  ["an order in doubt", KEYS.openOrders, "quantum_orders_in_doubt_oldest_age_seconds "],
  ["a position without its stop", KEYS.stopsMissing, "quantum_positions_without_stop_oldest_age_seconds "],
])("%s of before the clock was set back grows old all the same", async (_name, key, metric) => {
  await using desk = await openExporterDesk();
  await desk.write("ZADD", key, String(Date.now() + HOUR_MS), "one");
  for (let n = 0; n < 5; n += 1) {
    await desk.sampler.sample();
    desk.advance(15_000);
    // One of after it stands before it in the list, and is younger.
    if (n === 3) await desk.write("ZADD", key, String(Date.now() + 45_000), "two");
  }
  const age = Number((await desk.lines(metric))[0]?.split(" ")[1]);
  expect(Math.round(age / 10) * 10).toBe(60);
});

test("an entry that is pending since before the clock was set back grows old all the same", async () => {
  await using desk = await openExporterDesk();
  const group = GROUPS.executionExits;
  await desk.write("XGROUP", "CREATE", KEYS.exitIntentStream, group, "0", "MKSTREAM");
  await desk.write("XADD", KEYS.exitIntentStream, `${Date.now() + HOUR_MS}-0`, "data", "{}");
  await desk.write("XREADGROUP", "GROUP", group, "c", "STREAMS", KEYS.exitIntentStream, ">");
  for (let n = 0; n < 5; n += 1) {
    await desk.sampler.sample();
    desk.advance(15_000);
  }
  const lines = await desk.lines("quantum_stream_group_oldest_pending_age_seconds{");
  const age = Number(lines.find((line) => line.includes(group))?.split(" ")[1]);
  expect(Math.round(age / 10) * 10).toBe(60);
});
