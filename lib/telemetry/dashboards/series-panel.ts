import {
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  SortOrder,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import { PanelBuilder } from "@grafana/grafana-foundation-sdk/timeseries";
import { DATASOURCE, seriesQuery } from "./query.ts";
import { type ColourSteps, refIdOf, thresholdsOf } from "./stat-panel.ts";

export interface SeriesOptions {
  readonly title: string;
  readonly description: string;
  /** Legend (`{{label}}` allowed) → expression. */
  readonly queries: Readonly<Record<string, string>>;
  readonly unit: string;
  /** Lines across the plot where an alert or a limit lies. */
  readonly limits?: ColourSteps;
}

/** A plot over time, from zero. */
export function seriesPanel(options: SeriesOptions): PanelBuilder {
  const panel = new PanelBuilder()
    .title(options.title)
    .description(options.description)
    .datasource(DATASOURCE)
    .unit(options.unit)
    .min(0)
    .fillOpacity(10)
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .showLegend(true),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
    .targets(
      Object.entries(options.queries).map(([legend, expression], at) =>
        seriesQuery(expression, legend).refId(refIdOf(at)),
      ),
    );
  if (options.limits === undefined) return panel;
  return panel
    .thresholds(thresholdsOf(options.limits))
    .thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed));
}
