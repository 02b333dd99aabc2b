import type { MetricName } from "../catalogue.ts";

/** A metric's name inside an expression: one that the catalogue does not declare does not compile. */
export function metric(name: MetricName): MetricName {
  return name;
}
