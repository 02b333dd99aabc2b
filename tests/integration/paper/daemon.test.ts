import { expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXIT_CODES } from "../../../lib/contract/exit-codes.ts";
import { startDaemon } from "../../support/daemon-process.ts";
import { waitUntil } from "../../support/wait-until.ts";

const command = [process.execPath, "cmd/paper-exchange.ts"];

/** A file for the test's settings to name; gone at the end. */
async function fileOf(name: string, text: string) {
  const folder = await mkdtemp(join(tmpdir(), "quantum-paper-"));
  const path = join(folder, name);
  await writeFile(path, text);
  return { path, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

test("the daemon serves the venue, its controls, its streams and the admin paths on one port", async () => {
  await using daemon = await startDaemon({ command });
  const url = await daemon.url();
  await daemon.said("ready");
  expect(await (await fetch(`${url}/fapi/v1/ping`)).json()).toEqual({});
  expect(await (await fetch(`${url}/paper/state`)).json()).toMatchObject({ orders: [], positions: [] });
  expect(await (await fetch(`${url}/readyz`)).json()).toMatchObject({ role: "paper-exchange", ready: true });
  expect((await fetch(`${url}/version`)).status).toBe(200);
  const socket = new WebSocket(`${url.replace("http", "ws")}/ws/btcusdt@markPrice@1s`);
  const first = new Promise<string>((resolve) => {
    socket.onmessage = ({ data }) => resolve(String(data));
  });
  expect(await first).toContain("markPriceUpdate");
  socket.close();
  daemon.kill("SIGTERM");
  expect(await daemon.exited).toBe(EXIT_CODES.clean);
});

test("a recording and a fault script are in force from the start", async () => {
  const bars =
    "timestamp,open,high,low,close,volume\n2022-01-01 00:00:00.000000,46319.0,46385.0,46319.0,46377.0,1\n";
  await using prices = await fileOf("btc-1m.csv", bars);
  await using faults = await fileOf(
    "faults.json",
    JSON.stringify({ rules: [{ match: { path: "/fapi/v1/time" }, effect: { kind: "http", status: 502 } }] }),
  );
  await using daemon = await startDaemon({
    command,
    environment: { PAPER_PRICES: prices.path, PAPER_FAULTS: faults.path, PAPER_SPEED: "1000" },
  });
  const url = await daemon.url();
  expect((await fetch(`${url}/fapi/v1/time`)).status).toBe(502);
  await waitUntil("the recording was played", async () => {
    const market = JSON.stringify(await (await fetch(`${url}/paper/market`)).json());
    return market.includes('"progress":{"BTCUSDT":1}') && market.includes('"bidPrice":"46377.00"');
  });
});

test.each([
  ["a setting out of range", { PAPER_SPEED: "-1" }, "PAPER_SPEED"],
  ["a recording that is not there", { PAPER_PRICES: "/nowhere/btc.csv" }, "PAPER_PRICES"],
  ["a recording of no known contract", { PAPER_PRICES: "/nowhere/prices.csv" }, "PAPER_PRICES_SYMBOL"],
  ["a fault script that is not there", { PAPER_FAULTS: "/nowhere/faults.json" }, "PAPER_FAULTS"],
  ["another mode than PAPER", { TRADING_MODE: "LIVE" }, "TRADING_MODE"],
])("%s ends it with 78 and the setting's name", async (_, environment, name) => {
  await using daemon = await startDaemon({ command, environment });
  expect(await daemon.exited).toBe(EXIT_CODES.configuration);
  expect(daemon.stderr()).toContain(name);
});
