import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DaemonProcess, startDaemon } from "../../support/daemon-process.ts";
import { receiveNotifications } from "../../support/notify-receiver.ts";
import { waitUntil } from "../../support/wait-until.ts";

const SOURCE = join(import.meta.dir, "../../support/fixture-daemon.ts");

let folder = "";
let binary = "";

/** Compiled as `bun run build` compiles the roles: what works from source may not work so. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "quantum-fixture-"));
  binary = join(folder, "fixture");
  const flags = ["--compile", "--minify", "--sourcemap", "--bytecode", "--format=esm"];
  flags.push("--no-compile-autoload-bunfig", "--no-compile-autoload-dotenv");
  const defines = ["--define", 'BUILD_VERSION="9.9.9"', "--define", 'BUILD_GIT="abc123"'];
  const build = Bun.spawn(["bun", "build", ...flags, ...defines, SOURCE, "--outfile", binary], {
    stdout: "ignore",
    stderr: "inherit",
  });
  expect(await build.exited).toBe(0);
}, 120_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

const start = (environment: Record<string, string> = {}, stateDir?: string): Promise<DaemonProcess> =>
  startDaemon({ command: [binary], environment, ...(stateDir === undefined ? {} : { stateDir }) });

describe("a compiled daemon", () => {
  test("is ready, beats, answers, and ends with 0 after SIGTERM, having told its manager", async () => {
    await using manager = await receiveNotifications("path");
    await using daemon = await start({ NOTIFY_SOCKET: manager.address, WATCHDOG_USEC: "800000" });
    const url = await daemon.url();
    await waitUntil("it is ready", () => manager.messages().includes("READY=1\nSTATUS=ready"));
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    expect(await (await fetch(`${url}/version`)).json()).toMatchObject({ version: "9.9.9", git: "abc123" });
    expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/process_resident_memory_bytes [1-9]/);
    await waitUntil(
      "it pinged",
      () => manager.messages().filter((sent) => sent === "WATCHDOG=1").length >= 2,
    );
    daemon.kill("SIGTERM");
    expect(await daemon.exited).toBe(0);
    await waitUntil("its end was heard", () => manager.messages().includes("STOPPING=1"));
    expect(daemon.lines().at(-1)).toMatchObject({ msg: "stopped", role: "execution", level: "info" });
  });

  test("whose dependency is away is alive, not ready, and says so to its manager", async () => {
    await using manager = await receiveNotifications("abstract");
    await using daemon = await start({ NOTIFY_SOCKET: manager.address, FIXTURE_READY: "0" });
    const url = await daemon.url();
    await waitUntil("it says what it waits for", () =>
      manager.messages().includes("STATUS=waits for fixture (as set)"),
    );
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    daemon.kill("SIGINT");
    expect(await daemon.exited).toBe(0);
    await waitUntil("its end was heard", () => manager.messages().includes("STOPPING=1"));
    expect(manager.messages().join()).not.toContain("READY=1");
  });

  test("goes on after SIGHUP, and says that it read nothing anew", async () => {
    await using daemon = await start();
    await daemon.said("ready");
    daemon.kill("SIGHUP");
    await daemon.said("SIGHUP changes nothing: settings are read at the start");
    expect((await fetch(`${await daemon.url()}/healthz`)).status).toBe(200);
    daemon.kill("SIGTERM");
    expect(await daemon.exited).toBe(0);
  });

  test("starts where the disk takes nothing more", async () => {
    // Every write to a file fails, as it does where there is no space; the signal that comes with it is ignored.
    const full = `trap "" XFSZ; ulimit -f 0; exec "$0"`;
    await using daemon = await startDaemon({ command: ["sh", "-c", full, binary] });
    await daemon.said("ready");
    daemon.kill("SIGTERM");
    expect(await daemon.exited).toBe(0);
  });

  test("ignores a bunfig.toml and a .env in its working directory", async () => {
    const trap = await mkdtemp(join(tmpdir(), "quantum-trap-"));
    await writeFile(join(trap, ".env"), "SAFETY_WINDOW_SEC=77\n");
    await writeFile(join(trap, "bunfig.toml"), 'preload = ["./trap.ts"]\n');
    await writeFile(join(trap, "trap.ts"), "process.exit(99)\n");
    await using daemon = await startDaemon({ command: ["env", "-C", trap, binary] });
    const config = await (await fetch(`${await daemon.url()}/config`)).json();
    expect(config).toMatchObject({ SAFETY_WINDOW_SEC: 10 });
    await rm(trap, { recursive: true });
  });
});

describe("the end of a compiled daemon", () => {
  test("that does not drain ends with 2 at a second signal", async () => {
    await using daemon = await start({ FIXTURE_END: "never" });
    await daemon.said("ready");
    daemon.kill("SIGTERM");
    await daemon.said("stopping: draining what is in flight");
    daemon.kill("SIGTERM");
    expect(await daemon.exited).toBe(2);
    expect(daemon.lines().at(-1)).toMatchObject({
      msg: "forced end",
      why: expect.stringContaining("second"),
    });
  });

  test("that does not drain in time ends with 2 by itself", async () => {
    await using daemon = await start({ FIXTURE_END: "never", DRAIN_TIMEOUT_SEC: "1" });
    await daemon.said("ready");
    daemon.kill("SIGTERM");
    expect(await daemon.exited).toBe(2);
  });

  test.each([
    ["fails", "throws", "the loop failed"],
    ["ends although nobody asked it to", "by-itself", "the role's loop ended although nobody asked it to"],
    ["leaves an error that nobody caught", "unhandled", "an error that nobody caught"],
  ])("whose loop %s ends with 1 and says why", async (_what, end, message) => {
    await using daemon = await start({ FIXTURE_END: end });
    expect(await daemon.exited).toBe(1);
    expect(daemon.lines().at(-1)).toMatchObject({ level: "fatal", msg: message });
  });
});

describe("a configuration that does not do", () => {
  test("ends a compiled daemon with 78, every fault on stderr, nothing started", async () => {
    await using daemon = await start({
      TRADING_MODE: "paper",
      SAFETY_WINDOW_SEC: "0",
      ADMIN_HOST: "0.0.0.0",
    });
    expect(await daemon.exited).toBe(78);
    const [head, ...faults] = daemon.stderr().trim().split("\n");
    expect(head).toBe("quantum-execution: the configuration is wrong, nothing was started (3):");
    expect(faults.map((line) => line.trim().split(":")[0]).sort()).toEqual([
      "ADMIN_HOST",
      "SAFETY_WINDOW_SEC",
      "TRADING_MODE",
    ]);
    expect(daemon.lines()).toEqual([]);
  });

  test("by a port that is taken ends with 78 and names it", async () => {
    await using first = await start();
    const port = new URL(await first.url()).port;
    await using second = await start({ ADMIN_PORT: port });
    expect(await second.exited).toBe(78);
    expect(second.stderr()).toContain(`ADMIN_PORT: 127.0.0.1:${port} cannot be listened on`);
  });

  test("by a state folder that cannot be made ends with 78 and names it", async () => {
    await using daemon = await start({}, "/proc/quantum");
    expect(await daemon.exited).toBe(78);
    expect(daemon.stderr()).toContain("STATE_DIR: /proc/quantum must be a folder");
  });
});

describe("the state folder's lock", () => {
  test("refuses a second process of the same instance in plain words, and lets another instance in", async () => {
    await using first = await start();
    await first.said("ready");
    await using second = await start({}, first.stateDir);
    expect(await second.exited).toBe(78);
    expect(second.stderr()).toContain(`process ${first.pid} runs as instance`);
    await using other = await start({ QUANTUM_INSTANCE: "other" }, first.stateDir);
    await other.said("ready");
  });

  test("is gone with a process that was killed by SIGKILL", async () => {
    await using first = await start();
    await first.said("ready");
    first.kill("SIGKILL");
    await first.exited;
    await using second = await start({}, first.stateDir);
    await second.said("ready");
  });
});
