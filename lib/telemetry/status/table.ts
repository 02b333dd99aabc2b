import { html } from "hono/html";

type Cell = string | number | ReturnType<typeof html>;

/** A table that can be scrolled by keyboard where it is too wide; `empty` is said instead of one without rows. */
export function table(
  caption: string,
  head: readonly string[],
  body: { readonly rows: readonly (readonly Cell[])[]; readonly empty: string },
) {
  if (body.rows.length === 0) return html`<p class="quiet">${body.empty}</p>`;
  return html`<table>
    <caption>${caption}</caption>
    <thead><tr>${head.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
    <tbody>${body.rows.map(
      ([first = "", ...rest]) =>
        html`<tr><th scope="row">${first}</th>${rest.map((cell) => html`<td>${cell}</td>`)}</tr>`,
    )}</tbody>
  </table>`;
}
