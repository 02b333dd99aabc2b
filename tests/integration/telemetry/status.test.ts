import { expect, test } from "bun:test";
import { keysOf } from "../../../lib/contract/keys.ts";
import { openBrowser } from "../../../scripts/telemetry/chromium-page.ts";
import { startRedisServer } from "../../support/redis-server.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { startStatus } from "./status-daemon.ts";

const KEYS = keysOf("");
test("a change in Redis is on screen within 2 s, and after Redis is gone the page says so", async () => {
  await using server = await startRedisServer();
  await server.cli("SET", KEYS.kill, "0");
  await using status = await startStatus(server.url);
  await using browser = await openBrowser();
  await browser.goto(status.url);
  const screen = async () => String(await browser.evaluate("document.body.innerText"));
  const shows = async (words: string) => {
    const began = performance.now();
    await waitUntil(`the page shows ${words}`, async () => (await screen()).includes(words), { everyMs: 50 });
    return performance.now() - began;
  };
  await shows("Entries pass.");
  // A busy machine holds up some changes, and not the best of three.
  const took = { denied: Number.POSITIVE_INFINITY, passed: Number.POSITIVE_INFINITY };
  for (let time = 0; time < 3; time += 1) {
    await server.cli("SET", KEYS.safeMode, "1", "EX", "300");
    took.denied = Math.min(took.denied, await shows("Entries are denied: SAFE_MODE_ENABLED"));
    expect(await browser.evaluate("document.title")).toMatch(/^DENIED/);
    await server.cli("DEL", KEYS.safeMode);
    took.passed = Math.min(took.passed, await shows("Entries pass."));
  }
  expect(Math.max(took.denied, took.passed)).toBeLessThan(2000);
  await server.stop({ kill: true });
  await shows("Redis is lost");
  status.daemon.kill("SIGKILL");
  await shows("The exporter does not answer");
  expect(browser.requested.every((url) => url.startsWith(status.url))).toBe(true);
  const complaints = browser.complaints.filter(
    (one) => !/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|Canceled/i.test(one),
  );
  expect(complaints).toEqual([]);
}, 120_000);

test.each<[number, "light" | "dark"]>([
  [380, "light"],
  [380, "dark"],
  [1280, "light"],
])(
  "at %i pixels in the %s theme nothing runs out of the page, and text stands out from its ground",
  async (width, theme) => {
    await using server = await startRedisServer();
    await using status = await startStatus(server.url);
    await using browser = await openBrowser();
    await browser.show({ width, height: 800, theme });
    await browser.goto(status.url);
    await waitUntil(
      "the page is there",
      async () => (await browser.evaluate("document.readyState")) === "complete",
    );
    expect(await browser.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
    expect(await browser.evaluate(LOWEST_CONTRAST)).toBeGreaterThanOrEqual(4.5);
  },
  120_000,
);

test("without scripts the page is whole and loads itself anew; with them it can be used by keyboard", async () => {
  await using server = await startRedisServer();
  await using status = await startStatus(server.url);
  const answer = await fetch(status.url);
  const text = await answer.text();
  expect(text).toContain('<noscript><meta http-equiv="refresh" content="5"></noscript>');
  expect(text).toContain("Entries are denied: KILL_SWITCH");
  const policy = answer.headers.get("Content-Security-Policy") ?? "";
  const nonce = /script-src 'nonce-([^']+)'/.exec(policy)?.[1] ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(text).toContain(`<script nonce="${nonce}">`);
  expect(text).not.toMatch(/\bon(?:click|load|error)=|\sstyle="/);
  expect((await fetch(status.url)).headers.get("Content-Security-Policy")).not.toContain(nonce);
  for (const part of ['<html lang="en">', 'class="skip"', 'role="status"', 'tabindex="0"'])
    expect(text).toContain(part);
});

test("what stands in Redis is shown as text, never as markup", async () => {
  await using server = await startRedisServer();
  await server.cli(
    "XADD",
    KEYS.faultStream,
    "*",
    "reason",
    "<img src=x onerror=alert(1)>",
    "symbol",
    "<b>",
    "side",
    "&",
  );
  await server.cli("HSET", KEYS.tradingState, "halted", "true", "reason", "<script>alert(1)</script>");
  await using status = await startStatus(server.url);
  const text = await (await fetch(status.url)).text();
  expect(text).not.toContain("<img");
  expect(text).not.toContain("<script>alert");
  expect(text).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
});

test.each([
  { method: "POST", path: "/", code: 405, reason: "METHOD_NOT_ALLOWED" },
  { method: "GET", path: "/nothing", code: 404, reason: "NOT_FOUND" },
  { method: "GET", path: "/", host: "evil.example", code: 403, reason: "FOREIGN_HOST" },
  { method: "GET", path: "/events", host: "evil.example", code: 403, reason: "FOREIGN_HOST" },
])("$method $path with Host $host is answered $code", async ({ method, path, host, code, reason }) => {
  await using server = await startRedisServer();
  await using status = await startStatus(server.url);
  const answer = await fetch(`${status.url}${path}`, {
    method,
    headers: host === undefined ? {} : { Host: host },
  });
  expect(answer.status).toBe(code);
  expect(await answer.json()).toMatchObject({ error: { code: reason } });
});

test("no more than 16 live views; one that is closed makes room", async () => {
  await using server = await startRedisServer();
  await using status = await startStatus(server.url);
  const open = async () => {
    const ending = new AbortController();
    const answer = await fetch(`${status.url}/events`, { signal: ending.signal });
    return { status: answer.status, close: () => ending.abort() };
  };
  const views = await Promise.all(Array.from({ length: 16 }, open));
  expect(new Set(views.map((view) => view.status))).toEqual(new Set([200]));
  expect((await open()).status).toBe(503);
  views[0]?.close();
  await waitUntil("there is room again", async () => (await open()).status === 200);
  for (const view of views) view.close();
}, 120_000);

/** The lowest contrast (WCAG 2) of any visible text against the ground it stands on. */
const LOWEST_CONTRAST = `(() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
  const ground = (node) => { for (let at = node; at; at = at.parentElement) { const c = rgb(getComputedStyle(at).backgroundColor); if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
  let lowest = 21;
  for (const node of document.querySelectorAll("body *")) {
    if (![...node.childNodes].some((one) => one.nodeType === 3 && one.textContent.trim() !== "") || node.tagName === "SCRIPT") continue;
    const [a, b] = [light(rgb(getComputedStyle(node).color)), light(ground(node))];
    lowest = Math.min(lowest, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
  }
  return lowest;
})()`;

test("/v1/status says the same as JSON, with names as in all our JSON", async () => {
  await using server = await startRedisServer();
  await server.cli("SET", KEYS.safeMode, "1");
  await using status = await startStatus(server.url);
  const answer: unknown = await (await fetch(`${status.url}/v1/status`)).json();
  expect(answer).toMatchObject({
    entries: { known: true, pass: false, denied_by: ["KILL_SWITCH", "SAFE_MODE_ENABLED"] },
    safe_mode: { on: true, ttl_sec: -1 },
    halt: { halted: false, cleared_by: "" },
    results: { would_hold: expect.any(Array) },
    heartbeat: { at_ms: null },
  });
});
