import { html } from "hono/html";

export type Tone = "good" | "warning" | "critical" | "quiet";

/** Shape and word carry the meaning; the colour only repeats it. */
const SIGNS: Readonly<Record<Tone, string>> = { good: "●", warning: "▲", critical: "■", quiet: "○" };

/** A state in a word. */
export function badge(tone: Tone, word: string) {
  return html`<span class="badge ${tone}"><span aria-hidden="true">${SIGNS[tone]}</span> ${word}</span>`;
}
