import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startAlertmanager } from "../../../scripts/telemetry/monitoring-server.ts";
import { openMailInbox } from "../../support/mail-inbox.ts";
import { openNotificationInbox } from "../../support/notification-inbox.ts";
import { waitUntil } from "../../support/wait-until.ts";

const ROOT = join(import.meta.dir, "../../..");
const SHIPPED = join(ROOT, "lib/telemetry/prometheus");

let folder = "";
let credentials = "";
let config = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "quantum-alertmanager-"));
  credentials = join(folder, "credentials");
  config = join(folder, "alertmanager.yml");
  await mkdir(credentials);
  await mkdir(join(folder, "alertmanager_templates"));
  await copyFile(join(SHIPPED, "quantum.tmpl"), join(folder, "alertmanager_templates", "quantum.tmpl"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function give(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(credentials, name), text);
}

async function render() {
  const script = join(ROOT, "lib/telemetry/prometheus/render-alertmanager.sh");
  const child = Bun.spawn(["sh", script, "--credentials", credentials, "--out", config], {
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { stdout, stderr, code };
}

async function amtool(...args: string[]): Promise<string> {
  const child = Bun.spawn(["amtool", ...args], { stdout: "pipe", stderr: "pipe" });
  const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  expect({ code, err: err.replace(/^Warning: --config.file flag overrides.*\n/, "") }).toEqual({
    code: 0,
    err: "",
  });
  return out;
}

const ALL = {
  "telegram-bot-token": "1234:abc_-D\n",
  "telegram-chat-id": "-100123\n",
  "discord-webhook-url": "http://127.0.0.1:9/discord\n",
  "slack-webhook-url": "http://127.0.0.1:9/slack\n",
  "smtp-smarthost": "127.0.0.1:9\n",
  "smtp-from": "quantum@example.org\n",
  "smtp-to": "operator@example.org\n",
  "pagerduty-routing-key": "0123456789abcdef0123456789abcdef\n",
};

describe("the shipped configuration", () => {
  test("loads as it stands, and notifies nobody", async () => {
    await copyFile(join(SHIPPED, "alertmanager.yml"), config);
    expect(await amtool("check-config", config)).toContain("2 receivers");
    expect(await readFile(config, "utf8")).not.toContain("_configs");
  });

  test.each([
    ["severity=critical", "critical"],
    ["severity=warning", "warning"],
    ["severity=unheard-of", "critical"],
    ["alertname=WithoutSeverity", "critical"],
    ["alertname=QuantumPanicNotCompleted", "critical"],
  ])("routes %s to the receiver %s", async (label, receiver) => {
    const routed = await amtool(
      "config",
      "routes",
      "test",
      `--config.file=${join(SHIPPED, "alertmanager.yml")}`,
      label,
    );
    expect(routed.trim()).toBe(receiver);
  });
});

describe("rendering", () => {
  test("without credentials says that nobody is told, and loads", async () => {
    const done = await render();
    expect(done).toMatchObject({ code: 0, stdout: "" });
    expect(done.stderr).toContain("sent to nobody");
    expect(await amtool("check-config", config)).toContain("SUCCESS");
    expect(await readFile(config, "utf8")).toContain("# No credentials were given");
  });

  test("with every credential writes five receivers, the pager for critical alerts alone", async () => {
    await give(ALL);
    const done = await render();
    expect(done).toMatchObject({ code: 0, stderr: "" });
    expect(done.stdout).toContain("alerts go to telegram discord slack e-mail pagerduty");
    await amtool("check-config", config);
    const text = await readFile(config, "utf8");
    const kinds = [...text.matchAll(/(\w+)_configs:/g)].map(([, kind]) => kind);
    const both = ["telegram", "discord", "slack", "email"];
    expect(kinds).toEqual([...both, "pagerduty", ...both]);
    expect(text).not.toContain("No credentials");
  });

  test.each(["discord-webhook-url", "slack-webhook-url", "pagerduty-routing-key"] as const)(
    "with %s alone writes that receiver and no other",
    async (name) => {
      await give({ [name]: ALL[name] });
      expect((await render()).code).toBe(0);
      await amtool("check-config", config);
      const kinds = new Set(
        [...(await readFile(config, "utf8")).matchAll(/(\w+)_configs:/g)].map(([, kind]) => kind),
      );
      expect([...kinds]).toEqual([name.split("-", 1)[0]]);
    },
  );

  test("the file is readable by its owner and group, and nobody else", async () => {
    await give(ALL);
    await render();
    expect((await stat(config)).mode & 0o777).toBe(0o640);
  });

  test("a password arrives as it was written, whatever is in it", async () => {
    const password = `p"w\\d'# : {{ x }} %s $HOME \`id\` *&!|>`;
    await give({ ...ALL, "smtp-username": "u", "smtp-password": password });
    expect((await render()).code).toBe(0);
    await amtool("check-config", config);
    const line = /auth_password: (.*)/.exec(await readFile(config, "utf8"))?.[1] ?? "";
    expect(Bun.YAML.parse(line)).toBe(password);
  });
});

describe("rendering what is wrong", () => {
  test("every fault is listed, nothing is written, and no secret is shown", async () => {
    await give({
      "telegram-bot-token": "not-a-token",
      "slack-webhook-url": "secret-but-no-address",
      "discord-webhook-url": "",
      "smtp-to": "two\nlines",
      "pagerduty-routing-key": "short",
    });
    await writeFile(config, "as it was");
    const done = await render();
    expect(done.code).toBe(78);
    for (const name of [
      "telegram-bot-token is not",
      "telegram-chat-id is missing",
      "slack-webhook-url is not a web address",
      "discord-webhook-url is empty",
      "smtp-smarthost is missing",
      "smtp-from is missing",
      "smtp-to holds more than one line",
      "pagerduty-routing-key is not",
    ])
      expect(done.stderr).toContain(name);
    expect(done.stderr).not.toMatch(/not-a-token|secret-but|short/);
    expect(await readFile(config, "utf8")).toBe("as it was");
  });

  test("a folder that is not there is a fault, not an absence of credentials", async () => {
    await rm(credentials, { recursive: true });
    const done = await render();
    expect(done.code).toBe(78);
    expect(done.stderr).toContain("is not a readable folder");
  });
});

/** Seconds instead of minutes, the same routes; and the services' addresses on this machine. */
async function rehearse(url: string): Promise<void> {
  const text = (await readFile(config, "utf8"))
    .replaceAll(/(group_wait|group_interval): \d+\w/g, "$1: 1s")
    .concat(`global:\n  telegram_api_url: ${url}\n  pagerduty_url: ${url}/pagerduty\n`);
  await chmod(config, 0o600);
  await writeFile(config, text);
}

function alarm(url: string, labels: Readonly<Record<string, string>>, ended = false) {
  const now = Date.now();
  return fetch(`${url}/api/v2/alerts`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify([
      {
        labels: { environment: "production", ...labels },
        annotations: {
          summary: "Sum & <mary>",
          description: "It is 42 s.",
          runbook: "docs/operations.md#x",
        },
        startsAt: new Date(now - 60_000).toISOString(),
        ...(ended ? { endsAt: new Date(now).toISOString() } : {}),
      },
    ]),
  });
}

describe("a real Alertmanager", () => {
  test("tells every receiver of a critical alert, in plain words, and of its end", async () => {
    await using inbox = openNotificationInbox();
    await using mail = openMailInbox();
    await give({
      ...ALL,
      "discord-webhook-url": `${inbox.url}/discord`,
      "slack-webhook-url": `${inbox.url}/slack`,
      "smtp-smarthost": mail.address,
      "smtp-require-tls": "false",
    });
    await render();
    await rehearse(inbox.url);
    await using manager = await startAlertmanager(config);
    const labels = { alertname: "QuantumSafeModeActive", severity: "critical" };
    await alarm(manager.url, labels);

    const of = (path: string, title: string) => () =>
      inbox.received().find((one) => one.path.startsWith(path) && one.body.includes(title));
    const patience = { deadlineMs: 60_000, everyMs: 50 };
    for (const path of ["/bot1234:abc_-D/sendMessage", "/discord", "/slack", "/pagerduty"]) {
      const told = await waitUntil(`${path} is told`, of(path, "[CRITICAL] QuantumSafeModeActive"), patience);
      for (const word of ["in production", "It is 42 s.", "docs/operations.md#x"])
        expect(told.body).toContain(word);
    }
    const letter = await waitUntil("a mail arrives", () => mail.mails()[0], patience);
    expect(letter).toContain("Subject: [CRITICAL] QuantumSafeModeActive in production");
    expect(letter).toContain("Sum & <mary>");

    await alarm(manager.url, labels, true);
    await waitUntil("the end is told", of("/slack", "[RESOLVED] QuantumSafeModeActive"), patience);
  });
});

describe("a real Alertmanager is quiet", () => {
  test("does not wake the pager for a warning", async () => {
    await using inbox = openNotificationInbox();
    await give({
      "slack-webhook-url": `${inbox.url}/slack`,
      "pagerduty-routing-key": ALL["pagerduty-routing-key"],
    });
    await render();
    await rehearse(inbox.url);
    await using manager = await startAlertmanager(config);
    await alarm(manager.url, { alertname: "QuantumLagHigh", severity: "warning" });
    await alarm(manager.url, { alertname: "QuantumTradingHalted", severity: "critical" });
    await waitUntil("both alerts are told", () => inbox.received().length >= 3, {
      deadlineMs: 60_000,
      everyMs: 50,
    });
    const paged = inbox.received().filter((one) => one.path === "/pagerduty");
    expect(paged.map((one) => one.body.includes("QuantumTradingHalted"))).toEqual([true]);
  });

  test("one dead Redis is one page: what was read from it is muted, a panic is not", async () => {
    await using inbox = openNotificationInbox();
    await give({ "slack-webhook-url": `${inbox.url}/slack` });
    await render();
    await rehearse(inbox.url);
    await using manager = await startAlertmanager(config);
    const critical = { severity: "critical" };
    await alarm(manager.url, { alertname: "QuantumRedisConnectionLost", ...critical });
    // An alert mutes others from when it is known to the inhibitor, which is not when it is posted.
    await waitUntil(
      "the page is told",
      () => inbox.received().some((one) => one.body.includes("RedisConn")),
      {
        deadlineMs: 60_000,
        everyMs: 50,
      },
    );
    for (const alertname of ["QuantumWatchdogDown", "QuantumEmergencyWorkerDown", "QuantumSafeModeActive"])
      await alarm(manager.url, { alertname, reads: "redis", ...critical });
    await alarm(manager.url, { alertname: "QuantumPanicNotCompleted", ...critical });
    await waitUntil("the panic is told", () => inbox.received().some((one) => one.body.includes("Panic")), {
      deadlineMs: 60_000,
      everyMs: 50,
    });
    await waitUntil(
      "the muted ones were looked at",
      async () => {
        const groups = await (await fetch(`${manager.url}/api/v2/alerts?inhibited=true`)).text();
        return groups.split('"state":"suppressed"').length - 1 === 3;
      },
      { deadlineMs: 60_000, everyMs: 50 },
    );
    const told = inbox.received().flatMap((one) => /Quantum\w+/.exec(one.body)?.[0] ?? []);
    expect(told.sort()).toEqual(["QuantumPanicNotCompleted", "QuantumRedisConnectionLost"]);
  });
});
