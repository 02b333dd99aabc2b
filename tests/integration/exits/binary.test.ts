import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compileRole } from "../../support/compile-role.ts";
import { type DaemonProcess, startDaemon } from "../../support/daemon-process.ts";
import { receiveNotifications } from "../../support/notify-receiver.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { type ExitDesk, openExitDesk } from "./exit-desk.ts";

let folder: string;
let binary: string;
let desk: ExitDesk;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "exit-brain-"));
  binary = await compileRole(folder, "exit-brain");
  desk = await openExitDesk();
}, 120_000);
afterAll(async () => {
  await desk[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

function start(environment: Readonly<Record<string, string>> = {}): Promise<DaemonProcess> {
  return startDaemon({
    command: [binary],
    environment: {
      REDIS_URL: desk.server.url,
      EXCHANGE_REST_URL: desk.paper.url,
      EXCHANGE_WS_URL: desk.paper.wsUrl,
      QUANTUM_INSTANCE: "local",
      ...environment,
    },
  });
}

const statusOf = async (daemon: DaemonProcess, path: string) =>
  (await fetch(`${await daemon.url()}${path}`)).status;

test("compiled, it gets ready, beats for the service manager and the watchdog, and announces its end", async () => {
  await using manager = await receiveNotifications("path");
  await using daemon = await start({ NOTIFY_SOCKET: manager.address, WATCHDOG_USEC: "8000" });
  await daemon.said("ready");
  const pings = () => manager.messages().filter((message) => message === "WATCHDOG=1").length;
  await waitUntil("three cycles have pinged", () => pings() >= 3);
  expect(await statusOf(daemon, "/healthz")).toBe(200);
  expect(await statusOf(daemon, "/readyz")).toBe(200);
  expect(await statusOf(daemon, "/v1/positions")).toBe(200);
  expect(await statusOf(daemon, "/v1/cycles")).toBe(200);
  const alive = await waitUntil("the role's key is there", () =>
    desk.redis("HGET", `${desk.keys.rolePrefix}exit-brain:local`, "last_beat"),
  );
  expect(Number(alive)).toBeGreaterThan(0);
  daemon.kill("SIGTERM");
  expect(await daemon.exited).toBe(0);
  await waitUntil("its end was heard", () => manager.messages().includes("STOPPING=1"));
  const last = (await desk.heartbeats()).at(-1);
  expect(last?.status).toBe("STOPPING");
  // One ping a cycle, each with its heartbeat, and none from anywhere else: with a budget so small none is spared.
  expect(pings()).toBe((last?.seq ?? 0) - 1);
});

test("stopped in its tracks it does not beat, and beats on afterwards; killed, it comes back as another instance", async () => {
  const first = await start();
  await first.said("ready");
  const count = async () => (await desk.heartbeats()).length;
  const before = await count();
  await waitUntil("it beats", async () => (await count()) > before);
  first.kill("SIGSTOP");
  const stopped = await count();
  const sinceMs = performance.now();
  await waitUntil("two seconds have passed", () => performance.now() - sinceMs > 2000);
  expect(await count()).toBeLessThanOrEqual(stopped + 1);
  first.kill("SIGCONT");
  await waitUntil("it beats again", async () => (await count()) > stopped + 1);
  const known = new Set((await desk.heartbeats()).map(({ instance_id }) => instance_id));
  first.kill("SIGKILL");
  await first.exited;
  await using second = await start();
  await second.said("ready");
  const born = await waitUntil("the new instance beats", async () =>
    (await desk.heartbeats()).find(({ instance_id }) => !known.has(instance_id)),
  );
  expect(born.seq).toBeLessThan(5);
  await first[Symbol.asyncDispose]();
});

test("with addresses that do not fit the mode, or settings that are none, nothing is started", async () => {
  await using daemon = await start({
    EXCHANGE_REST_URL: "https://fapi.binance.com",
    DEFAULT_STOP_PCT: "a lot",
    PROTECTIVE_STOP: "maybe",
  });
  expect(await daemon.exited).toBe(78);
  for (const name of ["EXCHANGE_REST_URL", "DEFAULT_STOP_PCT", "PROTECTIVE_STOP"]) {
    expect(daemon.stderr()).toContain(name);
  }
});
