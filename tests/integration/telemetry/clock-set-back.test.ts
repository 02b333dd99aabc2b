import { expect, test } from "bun:test";
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
