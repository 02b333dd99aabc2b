import { Counter, Gauge, type Registry } from "prom-client";
import { CATALOGUE, type LabelOf, type MetricName, type SampledName } from "./catalogue.ts";
import type { LabelledValue, ReadingsOf } from "./readings.ts";

type OwnName = Exclude<MetricName, SampledName>;
type Held = number | undefined | readonly LabelledValue[];

/** The catalogue's metrics on one registry. */
export interface MetricBoard {
  /** Replaces everything these metrics show, stale label sets included. */
  publish<Name extends SampledName>(readings: ReadingsOf<Name>): void;
  /** A value of the exporter's own. */
  set<Name extends OwnName>(name: Name, labels: Readonly<Record<LabelOf<Name>, string>>, value: number): void;
  /** Asked at every scrape; must answer at once. */
  look(name: OwnName, read: () => number): void;
}

/**
 * Registers the whole catalogue. Sampled metrics show nothing before the first `publish`: a counter that began at 0
 * would look like a burst of everything it ever counted.
 */
export function createMetricBoard(registry: Registry): MetricBoard {
  const looks = new Map<string, () => number>();
  const metrics = new Map<string, Gauge | Counter>();
  for (const [name, { type, source, help, labels }] of Object.entries(CATALOGUE)) {
    const configuration = { name, help, labelNames: [...labels], registers: [registry] };
    const collect = function (this: Gauge | Counter) {
      const read = looks.get(name);
      if (read !== undefined) setTo(this, {}, read());
    };
    const metric =
      type === "counter"
        ? new Counter({ ...configuration, collect })
        : new Gauge({ ...configuration, collect });
    if (source === "sample" && labels.length === 0) metric.remove();
    metrics.set(name, metric);
  }
  const metricOf = (name: string): Gauge | Counter => {
    const metric = metrics.get(name);
    if (metric === undefined) throw new Error(`${name} is not in the catalogue`);
    return metric;
  };
  return {
    publish(readings) {
      for (const [name, held] of Object.entries<Held>(readings)) replace(metricOf(name), held);
    },
    set: (name, labels, value) => setTo(metricOf(name), labels, value),
    look: (name, read) => void looks.set(name, read),
  };
}

function replace(metric: Gauge | Counter, held: Held): void {
  metric.reset();
  if (typeof held === "number") setTo(metric, {}, held);
  // An unlabelled metric comes back as 0 from its reset: what is not known must not read 0.
  else if (held === undefined) metric.remove();
  else for (const { labels, value } of held) setTo(metric, labels, value);
}

function setTo(metric: Gauge | Counter, labels: Readonly<Record<string, string>>, value: number): void {
  if (metric instanceof Counter) {
    metric.remove(labels);
    metric.inc(labels, value);
  } else metric.set(labels, value);
}
