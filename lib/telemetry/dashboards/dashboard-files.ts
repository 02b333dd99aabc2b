import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { pipelineDashboard } from "./pipeline-dashboard.ts";
import { safetyDashboard } from "./safety-dashboard.ts";

/** One generated file: its name, and what is in it. */
export interface DashboardFile {
  readonly name: string;
  readonly content: unknown;
}

/**
 * Every dashboard in two shapes: `<uid>.json` is what a file provider reads, and what the import dialogue takes;
 * `<uid>.import.json` is the body of `POST /api/dashboards/db`, and may be sent again: it replaces.
 */
export function dashboardFiles(): readonly DashboardFile[] {
  return [safetyDashboard(), pipelineDashboard()].flatMap((dashboard) => [
    { name: `${dashboard.uid}.json`, content: dashboard },
    { name: `${dashboard.uid}.import.json`, content: importBody(dashboard) },
  ]);
}

function importBody(dashboard: Dashboard) {
  // Without an id Grafana finds the dashboard by its uid, on any server.
  return { dashboard: { ...dashboard, id: null }, overwrite: true, message: "generated from the sources" };
}
