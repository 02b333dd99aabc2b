import type { html } from "hono/html";
import { pipelineSection, plotsSection, positionsSection, ratesSection } from "./flow-sections.ts";
import type { HistoryPoint } from "./history.ts";
import { faultsSection, panicsSection, resultsSection, rolesSection } from "./record-sections.ts";
import { headlineSection, stateSection } from "./state-sections.ts";
import type { StatusView } from "./status-view.ts";

type Fragment = ReturnType<typeof html>;

/** The page's sections in their order; `scrolls` are wide ones that scroll by themselves. */
export const SECTIONS = [
  { id: "state", title: "State", layout: "plain", render: stateSection },
  { id: "rates", title: "Rates against limits", layout: "plain", render: ratesSection },
  { id: "plots", title: "Course", layout: "plots", render: plotsSection },
  { id: "positions", title: "Positions and orders", layout: "scroll", render: positionsSection },
  { id: "pipeline", title: "Pipeline", layout: "scroll", render: pipelineSection },
  { id: "faults", title: "Faults", layout: "scroll", render: faultsSection },
  { id: "panics", title: "Panics", layout: "scroll", render: panicsSection },
  { id: "roles", title: "Roles", layout: "scroll", render: rolesSection },
  { id: "results", title: "Outcomes", layout: "scroll", render: resultsSection },
] as const satisfies readonly {
  readonly id: string;
  readonly title: string;
  readonly layout: "plain" | "plots" | "scroll";
  readonly render: (view: StatusView, points: readonly HistoryPoint[]) => Fragment | readonly Fragment[];
}[];

/** The headline's place, above all sections. */
export const HEADLINE = "headline";

/** Every section as text, by its id; the headline among them. */
export async function renderSections(
  view: StatusView,
  points: readonly HistoryPoint[],
): Promise<Readonly<Record<string, string>>> {
  const rendered: Record<string, string> = { [HEADLINE]: String(await headlineSection(view)) };
  for (const { id, render } of SECTIONS) {
    let text = "";
    for (const part of [render(view, points)].flat()) text += String(await part);
    rendered[id] = text;
  }
  return rendered;
}
