import { TableSortByFieldStateBuilder } from "@grafana/grafana-foundation-sdk/common";
import { PanelBuilder } from "@grafana/grafana-foundation-sdk/table";
import { DATASOURCE, tableQuery } from "./query.ts";

export interface TableOptions {
  readonly title: string;
  readonly description: string;
  readonly expression: string;
  /** Label → heading, in the order of the columns; every other label is hidden. */
  readonly columns: Readonly<Record<string, string>>;
  /** The heading of the value, which is the last column. */
  readonly value: { readonly heading: string; readonly unit: string };
  readonly sortBy?: { readonly heading: string; readonly descending: boolean };
  readonly noValue?: string;
}

/** One row a series, its labels as columns. */
export function tablePanel(options: TableOptions): PanelBuilder {
  const columns = [...Object.keys(options.columns), "Value"];
  const panel = new PanelBuilder()
    .title(options.title)
    .description(options.description)
    .datasource(DATASOURCE)
    .withTarget(tableQuery(options.expression).refId("A"))
    .noValue(options.noValue ?? "none")
    .withTransformation({
      id: "organize",
      options: {
        excludeByName: { Time: true },
        indexByName: Object.fromEntries(columns.map((name, at) => [name, at])),
        renameByName: { ...options.columns, Value: options.value.heading },
      },
    })
    .overrideByName(options.value.heading, [{ id: "unit", value: options.value.unit }]);
  if (options.sortBy === undefined) return panel;
  const { heading, descending } = options.sortBy;
  return panel.sortBy([new TableSortByFieldStateBuilder().displayName(heading).desc(descending)]);
}
