import { describe, expect, test } from "bun:test";
import { createServiceNotifier } from "../../../lib/daemon/service-notifier.ts";
import { receiveNotifications } from "../../support/notify-receiver.ts";
import { waitUntil } from "../../support/wait-until.ts";

const PID = 4711;

function notifier(environment: Record<string, string>, now = { ms: 0 }) {
  const failures: number[] = [];
  const made = createServiceNotifier({
    environment,
    pid: PID,
    monotonicMs: () => now.ms,
    onFailure: (_message, errno) => failures.push(errno),
  });
  return { made, failures, now };
}

describe.each(["path", "abstract"] as const)("a service manager on a socket with a %s address", (kind) => {
  test("hears ready and stopping once each, and a status when it changes", async () => {
    await using manager = await receiveNotifications(kind);
    const notify = await notifier({ NOTIFY_SOCKET: manager.address }).made;
    notify.status("waits for\nredis");
    notify.status("waits for\nredis");
    notify.ready("ready");
    notify.ready("ready");
    notify.stopping();
    notify.stopping();
    await waitUntil("it was heard", () => manager.messages().includes("STOPPING=1"));
    expect(manager.messages()).toEqual(["STATUS=waits for redis", "READY=1\nSTATUS=ready", "STOPPING=1"]);
  });
});

describe("the watchdog", () => {
  test("is pinged from beats alone, and not with every one of them", async () => {
    await using manager = await receiveNotifications("path");
    const { made, now } = notifier({ NOTIFY_SOCKET: manager.address, WATCHDOG_USEC: "8000000" });
    const notify = await made;
    // 8 s of budget: a ping a second at most.
    for (now.ms = 0; now.ms < 3000; now.ms += 10) notify.beat();
    notify.stopping();
    await waitUntil("it was heard", () => manager.messages().includes("STOPPING=1"));
    expect(manager.messages()).toEqual(["WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1", "STOPPING=1"]);
  });

  test.each([
    ["is off", {}],
    ["is another process's", { WATCHDOG_USEC: "8000000", WATCHDOG_PID: "1" }],
    ["has no sensible budget", { WATCHDOG_USEC: "0" }],
  ])("that %s is not pinged", async (_what, environment) => {
    await using manager = await receiveNotifications("path");
    const notify = await notifier({ NOTIFY_SOCKET: manager.address, ...environment }).made;
    notify.beat();
    notify.stopping();
    await waitUntil("it was heard", () => manager.messages().includes("STOPPING=1"));
    expect(manager.messages()).toEqual(["STOPPING=1"]);
  });

  test("meant for this process is pinged", async () => {
    await using manager = await receiveNotifications("path");
    const environment = {
      NOTIFY_SOCKET: manager.address,
      WATCHDOG_USEC: "8000000",
      WATCHDOG_PID: String(PID),
    };
    (await notifier(environment).made).beat();
    await waitUntil("it was heard", () => manager.messages().includes("WATCHDOG=1"));
  });
});

test("without a manager nothing is sent and nothing fails", async () => {
  const { made, failures } = notifier({});
  const notify = await made;
  notify.ready("ready");
  notify.beat();
  expect(failures).toEqual([]);
});

test("a manager that does not listen is an error number, once, and no exception", async () => {
  const { made, failures } = notifier({ NOTIFY_SOCKET: "/nowhere/notify.sock" });
  const notify = await made;
  notify.ready("ready");
  notify.stopping();
  const ENOENT = 2;
  expect(failures).toEqual([ENOENT]);
});

test.each(["relative/path", `/${"x".repeat(200)}`])(
  "an address that cannot be is found at start: %s",
  async (address) => {
    const failure: unknown = await notifier({ NOTIFY_SOCKET: address }).made.catch((error: unknown) => error);
    expect(String(failure)).toContain("NOTIFY_SOCKET");
  },
);
