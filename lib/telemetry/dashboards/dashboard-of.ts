import {
  type Dashboard,
  DashboardBuilder,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  type Panel,
  RowBuilder,
} from "@grafana/grafana-foundation-sdk/dashboard";

/** What the panel builders of all kinds have in common. */
export interface AnyPanel {
  id(id: number): AnyPanel;
  span(width: number): AnyPanel;
  height(height: number): AnyPanel;
  build(): Panel;
}

export interface DashboardOptions {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly panels: readonly AnyPanel[];
  /** Titled groups below the panels, closed until somebody opens them. */
  readonly details: Readonly<Record<string, readonly AnyPanel[]>>;
}

/** The tag by which our dashboards link to each other. */
const TAG = "quantum";

/** Gives panels their size: width of 24 columns, height in rows of 30 pixels. */
export function sized(width: number, height: number, panels: readonly AnyPanel[]): readonly AnyPanel[] {
  return panels.map((panel) => panel.span(width).height(height));
}

/**
 * A dashboard with what all of ours share: the data source as a variable, refresh every 10 s, the last hour, UTC
 * (stream entries, logs and the trading day are), links to the others, panel ids in order.
 */
export function dashboardOf(options: DashboardOptions): Dashboard {
  let lastId = 0;
  const nextId = () => {
    lastId += 1;
    return lastId;
  };
  const builder = new DashboardBuilder(options.title)
    .uid(options.uid)
    .description(options.description)
    .tags([TAG])
    .refresh("10s")
    .time({ from: "now-1h", to: "now" })
    .timezone("utc")
    .withVariable(
      new DatasourceVariableBuilder("datasource").label("Data source").type("prometheus").multi(false),
    )
    .link(
      new DashboardLinkBuilder("Other Quantum dashboards")
        .type(DashboardLinkType.Dashboards)
        .tags([TAG])
        .asDropdown(false)
        .keepTime(true)
        .includeVars(true),
    );
  for (const panel of options.panels) builder.withPanel(panel.id(nextId()));
  for (const [title, panels] of Object.entries(options.details)) {
    const row = new RowBuilder(title).collapsed(true).id(nextId());
    for (const panel of panels) row.withPanel(panel.id(nextId()));
    builder.withRow(row);
  }
  return builder.build();
}
