import { expect, test } from "bun:test";
import { keysOf } from "../../../lib/contract/keys.ts";
import { openBrowser } from "../../../scripts/telemetry/chromium-page.ts";
import { startRedisServer } from "../../support/redis-server.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { startStatus } from "./status-daemon.ts";

const KEYS = keysOf("");
const PATIENCE = { deadlineMs: 60_000, everyMs: 50 };

test("an exporter that was restarted is on the page again, without a reload; its silence is said once", async () => {
  await using server = await startRedisServer();
  await server.cli("SET", KEYS.kill, "0");
  await using first = await startStatus(server.url);
  await using browser = await openBrowser();
  await browser.goto(first.url);
  const shows = (words: string) =>
    waitUntil(
      `the page shows ${words}`,
      async () => String(await browser.evaluate("document.body.innerText")).includes(words),
      PATIENCE,
    );
  await shows("Entries pass.");
  await browser.evaluate(`globalThis.loadedOnce = true; globalThis.said = 0;
    new MutationObserver(() => { said += 1; }).observe(document.getElementById("connection"), { childList: true }); undefined`);
  first.daemon.kill("SIGKILL");
  await first.daemon.exited;
  await shows("The exporter does not answer");
  const saidMs = performance.now();
  await waitUntil("three seconds of silence have gone by", () => performance.now() - saidMs > 3000);
  expect(await browser.evaluate("said")).toBe(1);
  expect(await browser.evaluate("document.title")).toMatch(/^\?/);
  await server.cli("SET", KEYS.safeMode, "1");
  await using _second = await startStatus(server.url, new URL(first.url).port);
  await shows("Entries are denied: SAFE_MODE_ENABLED");
  expect(await browser.evaluate("document.getElementById('connection').hidden")).toBe(true);
  expect(await browser.evaluate("loadedOnce")).toBe(true);
}, 180_000);

test("a page that found no room for its view goes live when there is some", async () => {
  await using server = await startRedisServer();
  await server.cli("SET", KEYS.kill, "0");
  await using status = await startStatus(server.url);
  const ending = new AbortController();
  const taken = await Promise.all(
    Array.from({ length: 16 }, () => fetch(`${status.url}/events`, { signal: ending.signal })),
  );
  expect(taken.map((answer) => answer.status)).toEqual(Array.from({ length: 16 }, () => 200));
  // A view that nobody reads would be ended.
  const reading = Promise.allSettled(taken.map((answer) => answer.text()));
  await using browser = await openBrowser();
  await browser.goto(status.url);
  const shows = (words: string) =>
    waitUntil(
      `the page shows ${words}`,
      async () => String(await browser.evaluate("document.body.innerText")).includes(words),
      PATIENCE,
    );
  await shows("Entries pass.");
  await shows("The exporter does not answer");
  ending.abort();
  await reading;
  await server.cli("SET", KEYS.safeMode, "1");
  await shows("Entries are denied: SAFE_MODE_ENABLED");
}, 180_000);

test("there is nothing on the page that changes anything", async () => {
  await using server = await startRedisServer();
  await using status = await startStatus(server.url);
  await using browser = await openBrowser();
  await browser.goto(status.url);
  const whole = async () => (await browser.evaluate("document.readyState")) === "complete";
  await waitUntil("the page is there", whole);
  expect(
    await browser.evaluate(
      "document.querySelectorAll('form, button, input, select, textarea, [onclick], [contenteditable]').length",
    ),
  ).toBe(0);
  const links = await browser.evaluate(
    "[...document.querySelectorAll('a')].map((a) => a.getAttribute('href'))",
  );
  expect(links).toEqual(["#main", "/v1/status", "/metrics"]);
  for (const method of ["POST", "PUT", "DELETE", "PATCH"])
    expect((await fetch(`${status.url}/`, { method })).status).toBe(405);
});
