import { expect, test } from "bun:test";
import { z } from "zod";
import { keysOf } from "../../../lib/contract/keys.ts";
import { type BrowserPage, openBrowser } from "../../../scripts/telemetry/chromium-page.ts";
import { type RedisServer, startRedisServer } from "../../support/redis-server.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { fillRedis } from "./filled-redis.ts";
import { startStatus } from "./status-daemon.ts";

const KEYS = keysOf("");
const PATIENCE = { deadlineMs: 60_000, everyMs: 20 };

/** Everything wrong that can be, so that every kind of badge and table is on the page. */
async function breakEverything(redis: RedisServer): Promise<void> {
  await redis.cli("SET", KEYS.safeMode, "1", "EX", "300");
  await redis.cli("SET", KEYS.kill, "1");
  await redis.cli("HSET", KEYS.tradingState, "halted", "true", "reason", "EXIT_BRAIN_HEARTBEAT_LOST");
  await redis.cli("ZADD", KEYS.stopsMissing, "1", `${KEYS.positionPlanPrefix}BTCUSDT`);
}

async function openPage(browser: BrowserPage, url: string): Promise<void> {
  await browser.goto(url);
  const live = "document.readyState === 'complete' && document.querySelectorAll('section').length > 5";
  await waitUntil("the page is there", () => browser.evaluate(live), PATIENCE);
}

const press = async (browser: BrowserPage, key: string, code = key) => {
  const keyCode = { Tab: 9, Enter: 13, ArrowRight: 39 }[key] ?? 0;
  const event = { key, code, windowsVirtualKeyCode: keyCode, ...(key === "Enter" ? { text: "\r" } : {}) };
  await browser.command("Input.dispatchKeyEvent", { type: "keyDown", ...event });
  await browser.command("Input.dispatchKeyEvent", { type: "keyUp", ...event });
};

/** As text for the page: its types would want a browser's names in every program here. */
const AXE = await Bun.file(Bun.resolveSync("axe-core/axe.min.js", import.meta.dir)).text();
const axeSchema = z.array(
  z.object({ id: z.string(), nodes: z.array(z.object({ html: z.string(), failureSummary: z.string() })) }),
);
const RUN_AXE = `axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })
  .then(({ violations }) => violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html, failureSummary }) => ({ html, failureSummary })) })))`;

test.each<[number, "light" | "dark", "well" | "broken"]>([
  [1280, "light", "well"],
  [1280, "dark", "broken"],
  [390, "light", "broken"],
  [390, "dark", "well"],
])(
  "at %i pixels, %s, with everything %s, axe finds nothing against WCAG 2.2 AA",
  async (width, theme, state) => {
    await using server = await startRedisServer();
    await fillRedis(server);
    if (state === "broken") await breakEverything(server);
    await using status = await startStatus(server.url);
    await using browser = await openBrowser();
    await browser.show({ width, height: 844, theme });
    await openPage(browser, status.url);
    await browser.evaluate(`${AXE}; undefined`);
    expect(axeSchema.parse(await browser.evaluate(RUN_AXE))).toEqual([]);
    // It can find something: the same page with a picture that says nothing.
    await browser.evaluate("document.body.append(document.createElement('img')); undefined");
    expect(axeSchema.parse(await browser.evaluate(RUN_AXE)).map(({ id }) => id)).toContain("image-alt");
  },
  180_000,
);

test("by keyboard: the skip link first, every wide table, the footer, and out; each with a visible focus", async () => {
  await using server = await startRedisServer();
  await fillRedis(server);
  await using status = await startStatus(server.url);
  await using browser = await openBrowser();
  await browser.show({ width: 390, height: 844, theme: "light" });
  await openPage(browser, status.url);
  const focused = () =>
    browser.evaluate(
      "document.activeElement === document.body ? 'out' : document.activeElement.id || document.activeElement.textContent",
    );
  const seen: unknown[] = [];
  for (let n = 0; n < 20 && seen.at(-1) !== "/metrics"; n += 1) {
    await press(browser, "Tab");
    seen.push(await focused());
    const outline = await browser.evaluate("getComputedStyle(document.activeElement).outlineStyle");
    expect(outline).not.toBe("none");
  }
  expect(seen).toEqual([
    ...["To the state", "positions", "pipeline", "faults", "panics", "roles", "results"],
    ...["/v1/status", "/metrics"],
  ]);
  await browser.evaluate("document.getElementById('pipeline').focus(); undefined");
  await press(browser, "ArrowRight");
  const scrolled = () => browser.evaluate("document.getElementById('pipeline').scrollLeft");
  await waitUntil("the arrow scrolls the wide table", async () => Number(await scrolled()) > 0, PATIENCE);
  await browser.evaluate("document.querySelector('.skip').focus(); undefined");
  await press(browser, "Enter");
  expect(await browser.evaluate("location.hash")).toBe("#main");
}, 180_000);

test("an update takes neither focus nor scroll away, and the summary is said again only when it changes", async () => {
  await using server = await startRedisServer();
  await fillRedis(server);
  await using status = await startStatus(server.url);
  await using browser = await openBrowser();
  await browser.show({ width: 390, height: 844, theme: "light" });
  await openPage(browser, status.url);
  await waitUntil(
    "entries pass",
    () => browser.evaluate("document.getElementById('headline').innerText.includes('Entries pass')"),
    PATIENCE,
  );
  await browser.evaluate(`{ const place = document.getElementById("pipeline"); place.focus(); place.scrollLeft = 40;
    globalThis.said = { headline: [document.getElementById("headline").innerText], state: [] };
    for (const id of Object.keys(said)) new MutationObserver(() => said[id].push(document.getElementById(id).innerText))
      .observe(document.getElementById(id), { childList: true }); }; undefined`);
  const said = async () => saidSchema.parse(await browser.evaluate("said"));
  await waitUntil("the page was updated three times", async () => (await said()).state.length >= 3, PATIENCE);
  await server.cli("SET", KEYS.safeMode, "1");
  const denied = async () => (await said()).headline.at(-1)?.includes("SAFE_MODE_ENABLED");
  await waitUntil("the summary is said", denied, PATIENCE);
  const { headline } = await said();
  expect(headline.filter((text, at) => text === headline[at - 1])).toEqual([]);
  expect(await browser.evaluate("document.activeElement.id")).toBe("pipeline");
  expect(await browser.evaluate("document.getElementById('pipeline').scrollLeft")).toBe(40);
}, 180_000);

const saidSchema = z.object({ headline: z.array(z.string()), state: z.array(z.string()) });

const nodesSchema = z.object({
  nodes: z.array(
    z.looseObject({
      role: z.object({ value: z.string() }).optional(),
      name: z.object({ value: z.unknown().optional() }).optional(),
      properties: z
        .array(z.looseObject({ name: z.string(), value: z.looseObject({ value: z.unknown().optional() }) }))
        .default([]),
    }),
  ),
});

test("what a screen reader is given: landmarks, a polite summary, named tables, no ticking figures aloud", async () => {
  await using server = await startRedisServer();
  await fillRedis(server);
  await using status = await startStatus(server.url);
  await using browser = await openBrowser();
  await openPage(browser, status.url);
  const { nodes } = nodesSchema.parse(await browser.command("Accessibility.getFullAXTree"));
  const named = (role: string) =>
    nodes.filter((node) => node.role?.value === role).map((node) => String(node.name?.value ?? ""));
  for (const role of ["main", "banner", "contentinfo"]) expect(named(role)).toHaveLength(1);
  expect(named("heading").slice(0, 3)).toEqual(["Quantum safety", "State", "Rates against limits"]);
  for (const name of ["Consumer groups", "Roles", "Newest fault events"])
    expect(named("table")).toContain(name);
  const live = nodes.filter(({ properties }) =>
    properties.some(({ name, value }) => name === "live" && value.value !== "off"),
  );
  expect(new Set(live.map((node) => node.role?.value))).toEqual(new Set(["status"]));
  expect(named("meter")).toEqual([]);
}, 180_000);
