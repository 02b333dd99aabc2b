import { expect, test } from "bun:test";
import { plantLeak, readLiveHeap } from "../../../scripts/soak/live-heap.ts";
import { freePort } from "../../../scripts/stack/trading-stack.ts";
import { waitUntil } from "../../support/wait-until.ts";

/** A process that makes garbage, and keeps nothing of it. */
const PROGRAM = "setInterval(() => Array.from({ length: 10000 }, () => ({})), 1)";

function startProgram() {
  const url = `ws://127.0.0.1:${freePort()}/heap`;
  const env = { PATH: Bun.env["PATH"] ?? "", BUN_INSPECT: url };
  const child = Bun.spawn(["bun", "-e", PROGRAM], { env, stdout: "ignore", stderr: "ignore" });
  return { url, [Symbol.dispose]: () => child.kill("SIGKILL") };
}

test("a process is asked for what it keeps: garbage does not count, a planted leak does", async () => {
  using program = startProgram();
  const heap = () => readLiveHeap(program.url);
  await waitUntil("the process answers", async () => (await heap()) !== undefined);
  const clean = (await heap()) ?? Number.NaN;
  expect(clean).toBeWithin(0.05, 5);
  expect(await plantLeak(program.url, 4000)).toBe(true);
  await waitUntil("the leak shows", async () => ((await heap()) ?? 0) > clean + 3);
});

test("a process that is not there is no error", async () => {
  const url = `ws://127.0.0.1:${freePort()}/heap`;
  expect(await readLiveHeap(url)).toBeUndefined();
  expect(await plantLeak(url, 1)).toBe(false);
});
