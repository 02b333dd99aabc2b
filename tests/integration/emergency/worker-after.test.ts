import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compileRole } from "../../support/compile-role.ts";
import type { DaemonProcess } from "../../support/daemon-process.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { openStage, restingOf } from "./worker-stage.ts";

let folder = "";
let command: string[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "quantum-worker-binary-"));
  command = [await compileRole(folder, "emergency-exit-worker")];
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const ready = async (worker: DaemonProcess) => (await fetch(`${await worker.url()}/readyz`)).ok;
const said = (worker: DaemonProcess, message: string) => worker.lines().some(({ msg }) => msg === message);

test.concurrent("a stop that comes to rest after the panic goes too", async () => {
  await using stage = await openStage(command);
  await stage.open("ETHUSDT", "BUY", "1");
  await stage.start();
  await stage.end(await stage.panic());
  await stage.protect("ETHUSDT", "SELL", "2900");
  const stops = async () => restingOf(await stage.venue()).conditional;
  expect(await stops()).toBe(1);
  await waitUntil("it is gone", async () => (await stops()) === 0);
}, 120_000);

test.concurrent("a second worker beside a working one does not get ready and is named by both, until the first is gone", async () => {
  await using stage = await openStage(command);
  const first = await stage.start();
  const second = await stage.start(
    {
      ...{ QUANTUM_INSTANCE: "two", STATE_DIR: join(folder, "second") },
      ...{ HALT_FILE: join(folder, "second-halted"), PANIC_SOCKET: join(folder, "second.sock") },
    },
    "waiting",
  );
  const alarm = "ANOTHER WORKER IS ACTIVE: panics are divided between the two";
  await waitUntil("both say so", () => said(first, alarm) && said(second, alarm));
  await waitUntil("the first is not ready", async () => !(await ready(first)));
  expect(said(second, "ready")).toBe(false);
  await stage.open("ETHUSDT", "BUY", "1");
  const completion = await stage.end(await stage.panic());
  expect(completion).toMatchObject({ status: "flat", positions_closed: 1 });
  first.kill("SIGKILL");
  await first.exited;
  await waitUntil("the second gets ready", () => said(second, "ready"));
}, 120_000);
