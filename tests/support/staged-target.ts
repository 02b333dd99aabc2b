import { CATALOGUE, type MetricName } from "../../lib/telemetry/catalogue.ts";

/** Something for Prometheus to scrape whose every value a test decides. */
export interface StagedTarget extends AsyncDisposable {
  /** host:port */
  readonly address: string;
  /** Sets one series; `undefined` takes it away. Labels as they are written: `role="execution"`. */
  set(name: MetricName, value: number | undefined, labels?: string): void;
  /** Answers scrapes, or refuses them. */
  answer(scrapes: boolean): void;
}

/** It samples all the time. */
const SAMPLED_AT = "quantum_telemetry_last_sample_timestamp_seconds" satisfies MetricName;

/** Has every metric of the catalogue: gauges and counters 0, infos and `up`s 1, each label with a value. */
export function openStagedTarget(): StagedTarget {
  const series = new Map<string, number>();
  const keyOf = (name: string, labels: string) => (labels === "" ? name : `${name}{${labels}}`);
  const set: StagedTarget["set"] = (name, value, labels = "") => {
    if (value === undefined) series.delete(keyOf(name, labels));
    else series.set(keyOf(name, labels), value);
  };
  for (const [name, metric] of Object.entries(CATALOGUE)) {
    const labels = metric.labels.map((label) => `${label}="${LABEL_VALUES[label] ?? "x"}"`).join(",");
    const isOne = metric.unit === "info" || GOOD_AT_ONE.has(name);
    series.set(keyOf(name, labels), isOne ? 1 : 0);
  }
  series.delete(SAMPLED_AT);
  let answering = true;
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: () =>
      answering
        ? new Response(
            [...series, [SAMPLED_AT, Date.now() / 1000]].map(([key, value]) => `${key} ${value}\n`).join(""),
          )
        : new Response("", { status: 503 }),
  });
  return {
    address: `127.0.0.1:${server.port}`,
    set,
    answer(scrapes) {
      answering = scrapes;
    },
    async [Symbol.asyncDispose]() {
      await server.stop(true);
    },
  };
}

const GOOD_AT_ONE = new Set([
  "quantum_safety_redis_up",
  "quantum_role_up",
  "quantum_exchange_credentials_ok",
  "quantum_watchdog_state",
  "quantum_telemetry_collector_success",
]);

const LABEL_VALUES: Readonly<Record<string, string>> = {
  role: "exit-brain-watchdog",
  stream: "quantum:stream:trade.intent",
  group: "quantum:group:execution:trade.intent",
  state: "HEALTHY",
};
