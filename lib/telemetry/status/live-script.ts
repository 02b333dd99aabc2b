/**
 * What runs in the browser: takes rendered sections from the server and puts in place those that changed. The
 * server escapes; nothing is built from data here. Containers that hold focus or scroll are never replaced.
 */
export const LIVE_SCRIPT = `
"use strict";
const banner = document.getElementById("connection");
const silence = { atMs: performance.now() };
const source = new EventSource("/events");
source.addEventListener("sections", (event) => {
  silence.atMs = performance.now();
  banner.hidden = true;
  const { title, sections } = JSON.parse(event.data);
  document.title = title;
  for (const [id, text] of Object.entries(sections)) {
    const place = document.getElementById(id);
    if (place !== null) place.innerHTML = text;
  }
});
setInterval(() => {
  const seconds = Math.floor((performance.now() - silence.atMs) / 1000);
  if (seconds < 5) return;
  banner.hidden = false;
  banner.textContent = "The exporter does not answer: everything below is " + seconds + " s old.";
}, 1000);
`;
