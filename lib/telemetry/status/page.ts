import { html, raw } from "hono/html";
import { decideConcerns } from "./decide-concerns.ts";
import { LIVE_SCRIPT } from "./live-script.ts";
import { PAGE_STYLE } from "./page-style.ts";
import { HEADLINE, SECTIONS } from "./sections.ts";
import type { StatusView } from "./status-view.ts";

/** Seconds between two loads where scripts are off. */
const RELOAD_SEC = 5;

/** What the tab says: the state first, so that it can be read among others. */
export function pageTitle(view: StatusView): string {
  const urgent = decideConcerns(view).filter(({ severity }) => severity === "critical").length;
  const state = !view.entries.known ? "?" : view.entries.pass ? "OK" : "DENIED";
  return `${state}${urgent === 0 ? "" : ` (${urgent})`} · Quantum safety`;
}

/** The whole page. `nonce` is what the content security policy of the same answer allows. */
export async function renderPage(
  view: StatusView,
  sections: Readonly<Record<string, string>>,
  nonce: string,
): Promise<string> {
  const { mode, exporter } = view;
  const text = await html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${pageTitle(view)}</title>
<link rel="icon" href="data:,">
<noscript><meta http-equiv="refresh" content="${RELOAD_SEC}"></noscript>
<style nonce="${nonce}">${raw(PAGE_STYLE)}</style>
</head>
<body>
<a class="skip" href="#main">To the state</a>
<header><h1>Quantum safety</h1><span class="quiet">${mode.configured} · exporter ${exporter.version} ${exporter.git} · reads only</span></header>
<main id="main">
<p id="connection" role="alert" hidden></p>
<section aria-label="Summary"><div id="${HEADLINE}" role="status">${raw(sections[HEADLINE] ?? "")}</div></section>
${SECTIONS.map(({ id, title, layout }) => placeOf({ id, title, layout }, sections[id] ?? ""))}
</main>
<footer><p class="quiet">The same as JSON: <a href="/v1/status">/v1/status</a> · metrics: <a href="/metrics">/metrics</a></p></footer>
<script nonce="${nonce}">${raw(LIVE_SCRIPT)}</script>
</body>
</html>
`;
  return String(text);
}

function placeOf(
  { id, title, layout }: { readonly id: string; readonly title: string; readonly layout: string },
  inside: string,
) {
  const place =
    layout === "scroll"
      ? html`<div id="${id}" class="scroll" tabindex="0" role="group" aria-labelledby="${id}-title">${raw(inside)}</div>`
      : html`<div id="${id}" class="${layout}">${raw(inside)}</div>`;
  return html`<section aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>${place}</section>`;
}
