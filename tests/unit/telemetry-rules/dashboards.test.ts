import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { dashboardFiles } from "../../../lib/telemetry/dashboards/dashboard-files.ts";
import { expressionsIn } from "../../support/dashboard-expressions.ts";

const JSON_FOLDER = join(import.meta.dir, "../../../lib/telemetry/dashboards/json");
const committed = (name: string): unknown => JSON.parse(readFileSync(join(JSON_FOLDER, name), "utf8"));

const stepsSchema = z.array(z.object({ value: z.number().nullable(), color: z.string() }));
const panelSchema = z.object({
  id: z.int().positive(),
  type: z.string(),
  title: z.string(),
  description: z.string().optional(),
  datasource: z.object({ type: z.string(), uid: z.string() }).optional(),
  targets: z.array(z.object({ refId: z.string(), expr: z.string().min(1) })).optional(),
  gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
  fieldConfig: z
    .object({
      defaults: z.object({
        min: z.number().optional(),
        max: z.number().optional(),
        thresholds: z.object({ steps: stepsSchema }).optional(),
        mappings: z.array(z.object({ options: z.record(z.string(), z.unknown()) })).optional(),
      }),
    })
    .optional(),
});
const dashboardSchema = z.object({
  uid: z.string(),
  title: z.string(),
  refresh: z.string(),
  templating: z.object({ list: z.array(z.object({ name: z.string(), type: z.string() })) }),
  panels: z.array(panelSchema.extend({ panels: z.array(panelSchema).optional() })),
});
const read = (name: string) => dashboardSchema.parse(committed(name));

test("the committed files are what the sources generate", () => {
  const generated = dashboardFiles();
  expect(readdirSync(JSON_FOLDER).sort()).toEqual(generated.map((file) => file.name).sort());
  for (const { name, content } of generated)
    expect(committed(name)).toEqual(JSON.parse(JSON.stringify(content)));
});

describe.each(["quantum-safety-p1", "quantum-pipeline"])("%s", (uid) => {
  test("keeps its uid, refreshes every 10 s, and takes its data source from a variable", () => {
    const dashboard = read(`${uid}.json`);
    expect(dashboard).toMatchObject({ uid, refresh: "10s" });
    expect(dashboard.templating.list).toContainEqual({ name: "datasource", type: "datasource" });
    for (const panel of allPanels(dashboard))
      expect(panel.datasource).toEqual({ type: "prometheus", uid: `\${datasource}` });
  });

  test("comes in the shape of the import request too, and may be sent again", () => {
    const body = z
      .object({ dashboard: z.looseObject({ id: z.null() }), overwrite: z.literal(true) })
      .loose()
      .parse(committed(`${uid}.import.json`));
    expect(body.dashboard).toEqual({ ...z.looseObject({}).parse(committed(`${uid}.json`)), id: null });
  });

  test("has a panel id once, a letter a query, a description each, and no overlap", () => {
    const dashboard = read(`${uid}.json`);
    const ids = dashboard.panels.flatMap((panel) => [panel.id, ...(panel.panels ?? []).map((one) => one.id)]);
    expect(new Set(ids).size).toBe(ids.length);
    for (const panel of allPanels(dashboard)) {
      const letters = (panel.targets ?? []).map((target) => target.refId);
      expect(letters.length).toBeGreaterThan(0);
      expect(new Set(letters).size).toBe(letters.length);
      expect(panel.description?.length ?? 0).toBeGreaterThan(10);
    }
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, at) => `${x + (at % w)}:${y + Math.floor(at / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(Math.max(...dashboard.panels.map(({ gridPos }) => gridPos.x + gridPos.w))).toBeLessThanOrEqual(24);
  });
});

type Dashboard = z.output<typeof dashboardSchema>;

function allPanels(dashboard: Dashboard) {
  return dashboard.panels.flatMap((panel) => (panel.type === "row" ? (panel.panels ?? []) : [panel]));
}

describe("Quantum Safety Telemetry (P1)", () => {
  const dashboard = read("quantum-safety-p1.json");
  const panels = dashboard.panels.filter((panel) => panel.type !== "row");
  const steps = (title: string) =>
    panels
      .find((panel) => panel.title === title)
      ?.fieldConfig?.defaults.thresholds?.steps.map((step) => [step.value, step.color]);

  test("is the eleven panels of the contract, in their kinds", () => {
    expect(dashboard.title).toBe("Quantum Safety Telemetry (P1)");
    expect(panels.map((panel) => [panel.title, panel.type])).toEqual([
      ["Safe mode", "stat"],
      ["Safe mode TTL", "gauge"],
      ["Fault stream length", "stat"],
      ["Faults, last hour", "stat"],
      ["Trade intent rate", "timeseries"],
      ["Trade intent stream length", "timeseries"],
      ["Global safety rate, current window", "stat"],
      ["Last fault", "table"],
      ["Top 5 symbols", "table"],
      ["Redis", "stat"],
      ["Exporter scrapes and errors", "stat"],
    ]);
  });

  test("has the contract's colours and ranges", () => {
    const green = [null, "green"];
    expect(steps("Faults, last hour")).toEqual([green, [10, "yellow"], [50, "red"]]);
    expect(steps("Global safety rate, current window")).toEqual([green, [15, "yellow"], [20, "red"]]);
    const [safeMode, ttl] = panels;
    expect(safeMode?.fieldConfig?.defaults.mappings?.[0]?.options).toMatchObject({
      "0": { text: "OFF", color: "green" },
      "1": { text: "ON", color: "red" },
    });
    expect(ttl?.fieldConfig?.defaults).toMatchObject({ min: 0, max: 300 });
  });

  test("has a closed row with the faults by symbol and reason", () => {
    const row = dashboard.panels.find((panel) => panel.type === "row");
    expect(row?.title).toBe("Faults by symbol and reason");
    const expressions = expressionsIn(row);
    expect(expressions.length).toBe(2);
    for (const expression of expressions) expect(expression).toContain("by (symbol, reason)");
  });
});
