import {
  BigValueColorMode,
  BigValueGraphMode,
  ReduceDataOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import {
  MappingType,
  type Threshold,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type ValueMap,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { PanelBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { DATASOURCE, valueQuery } from "./query.ts";

/** The lowest value of each colour; the first step has none and is the colour below all others. */
export type ColourSteps = readonly [string, ...(readonly [number, string])[]];

/** Steps in Grafana's shape. */
export function thresholdsOf([lowest, ...steps]: ColourSteps): ThresholdsConfigBuilder {
  const all: Threshold[] = [{ value: null, color: lowest }];
  all.push(...steps.map(([value, color]) => ({ value, color })));
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(all);
}

/** Words instead of numbers: `{ "1": ["ON", "red"] }`. */
export function wordsFor(words: Readonly<Record<string, readonly [string, string]>>): ValueMap {
  const options = Object.entries(words).map(([value, [text, color]]) => [value, { text, color }] as const);
  return { type: MappingType.ValueToText, options: Object.fromEntries(options) };
}

/** The last value that is there, of each series. */
export function lastValue(): ReduceDataOptionsBuilder {
  return new ReduceDataOptionsBuilder().calcs(["lastNotNull"]);
}

export interface StatOptions {
  readonly title: string;
  readonly description: string;
  /** Legend → expression; a single one needs no legend. */
  readonly queries: Readonly<Record<string, string>>;
  readonly colours: ColourSteps;
  readonly words?: Readonly<Record<string, readonly [string, string]>>;
  readonly unit?: string;
  readonly noValue?: string;
}

/** One or a few big numbers on their colour. */
export function statPanel(options: StatOptions): PanelBuilder {
  const panel = new PanelBuilder()
    .title(options.title)
    .description(options.description)
    .datasource(DATASOURCE)
    .colorMode(BigValueColorMode.Background)
    .graphMode(BigValueGraphMode.None)
    .reduceOptions(lastValue())
    .thresholds(thresholdsOf(options.colours))
    .noValue(options.noValue ?? "no data")
    .unit(options.unit ?? "none");
  const entries = Object.entries(options.queries);
  panel.targets(entries.map(([legend, expression], at) => valueQuery(expression, legend).refId(refIdOf(at))));
  return options.words === undefined ? panel : panel.mappings([wordsFor(options.words)]);
}

/** A, B, C …: Grafana tells the queries of a panel apart by it. */
export function refIdOf(at: number): string {
  return String.fromCodePoint(65 + at);
}
