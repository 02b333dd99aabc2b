import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { shortenRules } from "./shorten-rules.ts";

const PROMETHEUS_FOLDER = join(import.meta.dir, "../../lib/telemetry/prometheus");
/** As prometheus.yml names them. */
const EXPORTER = "127.0.0.1:9105";
const ALERTMANAGER = "127.0.0.1:9093";
const ALERTING = /^alerting:\n(?: .*\n)+/m;
const ROLE_TARGET = /'(127\.0\.0\.1:\d+)'(\]\s+labels: \{ )role: ([\w-]+),/g;

export interface PrometheusChange {
  /** Every interval and hold is divided by it; expressions stay as they are. */
  readonly divisor?: number;
  /** Other addresses than the shipped ones, host and port. */
  readonly exporter?: string;
  /** Undefined, and named: alerts are sent to nobody. */
  readonly alertmanager?: string | undefined;
  /** Of a role's own /metrics. */
  readonly roleAddress?: (role: string) => string;
}

/** The shipped prometheus.yml and rules into `folder`. */
export function writePrometheusFiles(folder: string, change: PrometheusChange = {}): void {
  const { divisor = 1, exporter = EXPORTER, roleAddress } = change;
  const { alertmanager } = { alertmanager: ALERTMANAGER, ...change };
  const shorten = (text: string) => (divisor === 1 ? text : shortenRules(text, divisor));
  mkdirSync(join(folder, "rules"), { recursive: true });
  const copy = (name: string, edit: (text: string) => string) =>
    writeFileSync(join(folder, name), edit(readFileSync(join(PROMETHEUS_FOLDER, name), "utf8")));
  for (const name of readdirSync(join(PROMETHEUS_FOLDER, "rules"))) copy(join("rules", name), shorten);
  copy("prometheus.yml", (text) => {
    const placed = text
      .replace(EXPORTER, exporter)
      .replace(alertmanager === undefined ? ALERTING : ALERTMANAGER, alertmanager ?? "")
      .replaceAll(ROLE_TARGET, (whole, _address: string, between: string, role: string) =>
        roleAddress === undefined ? whole : `'${roleAddress(role)}'${between}role: ${role},`,
      );
    if (divisor === 1) return placed;
    return placed.replaceAll(/(scrape_interval|scrape_timeout|evaluation_interval): .*/g, "$1: 1s");
  });
}
