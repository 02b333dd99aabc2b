import { DataqueryBuilder, PromQueryFormat } from "@grafana/grafana-foundation-sdk/prometheus";

/** The dashboard's variable for the Prometheus that answers: one JSON file fits every Grafana. */
export const DATASOURCE = { type: "prometheus", uid: `\${datasource}` };

/** A query for the value of now: stats, gauges. */
export function valueQuery(expression: string, legend = ""): DataqueryBuilder {
  return queryOf(expression).instant().legendFormat(legend);
}

/** A query whose labels become columns. */
export function tableQuery(expression: string): DataqueryBuilder {
  return queryOf(expression).instant().format(PromQueryFormat.Table);
}

/** A query over the dashboard's time range. */
export function seriesQuery(expression: string, legend: string): DataqueryBuilder {
  return queryOf(expression).range().legendFormat(legend);
}

function queryOf(expression: string): DataqueryBuilder {
  return new DataqueryBuilder().datasource(DATASOURCE).expr(expression);
}
