import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import {
  type MonitoringServer,
  startAlertmanager,
  startPrometheus,
} from "../../../scripts/telemetry/monitoring-server.ts";
import { writePrometheusFiles } from "../../../scripts/telemetry/prometheus-files.ts";
import { type NotificationInbox, openNotificationInbox } from "../../support/notification-inbox.ts";
import { waitUntil } from "../../support/wait-until.ts";

const ROOT = join(import.meta.dir, "../../..");

/** Seconds that become one: 30 s of evaluation and 1 min of holding are 1 s and 2 s. */
const DIVISOR = 30;
/** What a second of Alertmanager's waiting becomes, ms. */
const MS_A_SECOND = Math.round(1000 / DIVISOR);

/** Prometheus with the shipped rules, Alertmanager with the shipped routes, and who is told. */
export interface MonitoringStage extends AsyncDisposable {
  readonly prometheus: MonitoringServer;
  readonly alertmanager: MonitoringServer;
  readonly inbox: NotificationInbox;
  /** What the watchdog's own /metrics says: series and value. */
  readonly watchdog: Map<string, number>;
  /** The first sample's value of an instant query; undefined when there is none. */
  value(query: string): Promise<number | undefined>;
  /** How many series an instant query finds. Throws when Prometheus refuses the query. */
  count(query: string): Promise<number>;
  /** State of each alert that is pending or firing now, by name. */
  alerts(): Promise<Readonly<Record<string, string>>>;
  /** Waits until the alert is in this state; `inactive` is neither pending nor firing. */
  reaches(alert: string, state: "pending" | "firing" | "inactive"): Promise<void>;
  /** Names of alerts that were told of, in order; with `resolved`, of those whose end was. */
  told(status?: "firing" | "resolved"): readonly string[];
}

async function run(...command: string[]): Promise<void> {
  const child = Bun.spawn(command, { cwd: ROOT, stdout: "ignore", stderr: "pipe" });
  const said = await child.stderr.text();
  if ((await child.exited) !== 0) throw new Error(`${command.join(" ")}: ${said}`);
}

async function change(path: string, edit: (text: string) => string): Promise<void> {
  await writeFile(path, edit(await readFile(path, "utf8")));
}

/** Alertmanager with the shipped routes in seconds, and one webhook receiver that is Slack's. */
async function startManager(folder: string, inbox: NotificationInbox): Promise<MonitoringServer> {
  const config = join(folder, "alertmanager.yml");
  await mkdir(join(folder, "credentials"));
  await mkdir(join(folder, "alertmanager_templates"));
  await writeFile(join(folder, "credentials", "slack-webhook-url"), `${inbox.url}/slack`);
  const template = await readFile(join(ROOT, "lib/telemetry/prometheus/quantum.tmpl"));
  await writeFile(join(folder, "alertmanager_templates", "quantum.tmpl"), template);
  const script = "lib/telemetry/prometheus/render-alertmanager.sh";
  await run("sh", script, "--credentials", join(folder, "credentials"), "--out", config);
  await change(config, (text) =>
    text
      .replaceAll(
        /group_wait: (\d+)s/g,
        (_all, wait: string) => `group_wait: ${Number(wait) * MS_A_SECOND}ms`,
      )
      .replaceAll(/group_interval: \d+m/g, "group_interval: 1s"),
  );
  return await startAlertmanager(config);
}

/** A role's own /metrics: answers, and says what a test set. */
function openRole(): { readonly address: string; readonly said: Map<string, number> } & AsyncDisposable {
  const said = new Map<string, number>();
  const fetch = () => new Response([...said].map(([name, value]) => `${name} ${value}\n`).join(""));
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch });
  return {
    address: `127.0.0.1:${server.port}`,
    said,
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}

const answerSchema = z.object({
  data: z.object({ result: z.array(z.object({ value: z.tuple([z.number(), z.string()]) })) }),
});
const alertsSchema = z.object({
  data: z.object({
    alerts: z.array(z.object({ state: z.string(), labels: z.record(z.string(), z.string()) })),
  }),
});

async function getJson(url: string): Promise<unknown> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return await response.json();
}

/** Everything running, and the target (`host:port`) scraped once. */
export async function openMonitoringStage(target: string): Promise<MonitoringStage> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "quantum-stage-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const inbox = stack.use(openNotificationInbox());
  const alertmanager = stack.use(await startManager(folder, inbox));
  const watchdog = stack.use(openRole());
  const others = stack.use(openRole());
  writePrometheusFiles(folder, {
    ...{ divisor: DIVISOR, exporter: target, alertmanager: alertmanager.address },
    roleAddress: (role) => (role === "exit-brain-watchdog" ? watchdog : others).address,
  });
  const prometheus = stack.use(await startPrometheus(join(folder, "prometheus.yml")));
  const stage = stageOf({ inbox, prometheus, alertmanager, watchdog: watchdog.said });
  await waitUntil(
    "the target is scraped",
    () => stage.value('up{job="quantum_safety_telemetry"} == 1'),
    PATIENCE,
  );
  const all = stack.move();
  return Object.assign(stage, { [Symbol.asyncDispose]: () => all.disposeAsync() });
}

export const PATIENCE = { deadlineMs: 60_000, everyMs: 100 } as const;

type StageParts = Pick<MonitoringStage, "inbox" | "prometheus" | "alertmanager" | "watchdog">;

function stageOf(parts: StageParts): Omit<MonitoringStage, typeof Symbol.asyncDispose> {
  const { url } = parts.prometheus;
  const alerts = async () => {
    const { data } = alertsSchema.parse(await getJson(`${url}/api/v1/alerts`));
    return Object.fromEntries(data.alerts.map((alert) => [alert.labels["alertname"] ?? "", alert.state]));
  };
  const ask = async (query: string) =>
    answerSchema.parse(await getJson(`${url}/api/v1/query?query=${encodeURIComponent(query)}`)).data.result;
  return {
    ...parts,
    alerts,
    async value(query) {
      const first = (await ask(query))[0];
      return first === undefined ? undefined : Number(first.value[1]);
    },
    count: async (query) => (await ask(query)).length,
    async reaches(alert, state) {
      const isThere = async () => ((await alerts())[alert] ?? "inactive") === state;
      await waitUntil(`${alert} is ${state}`, isThere, PATIENCE);
    },
    told(status = "firing") {
      const title =
        status === "firing" ? /\[(?:CRITICAL|WARNING)\] (Quantum\w+)/ : /\[RESOLVED\] (Quantum\w+)/;
      return parts.inbox.received().flatMap((one) => title.exec(one.body)?.[1] ?? []);
    },
  };
}
