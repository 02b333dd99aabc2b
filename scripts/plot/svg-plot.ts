import { compile, parse, View } from "./vega.js";

/** Eight colours that colour-blind readers tell apart, too (Okabe and Ito). */
const PALETTE = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#999999"];

/** The look of our plots, in Vega-Lite's words: white ground, thin grid, our palette. */
const LOOK = {
  background: "white",
  font: "DejaVu Sans, Verdana, sans-serif",
  axis: { gridColor: "#e6e6e6", labelFontSize: 10, titleFontSize: 11, titleFontWeight: "normal" },
  header: { labelFontSize: 11, titleFontSize: 11 },
  title: { fontSize: 14, anchor: "start", subtitleFontSize: 11, subtitleColor: "#555555" },
  range: { category: PALETTE },
  view: { stroke: "#cccccc" },
} as const;

/**
 * Draws a Vega-Lite specification (data, mark, encoding; no `config`: the look is ours) as a standalone SVG text,
 * without a browser. The same specification gives the same text. Throws what Vega throws at a wrong one.
 */
export async function svgPlot(spec: object): Promise<string> {
  const view = new View(parse(compile({ ...spec, config: LOOK }).spec), { renderer: "none" });
  try {
    return `${await view.toSVG()}\n`;
  } finally {
    view.finalize();
  }
}
