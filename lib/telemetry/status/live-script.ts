/**
 * What runs in the browser: takes rendered sections from the server and puts in place those that changed. The
 * server escapes; nothing is built from data here. Containers that hold focus or scroll are never replaced. That
 * the exporter is silent is said once and without a figure that ticks: it would be read out every second. A source
 * that the browser has given up on (any answer but 200) is opened anew.
 */
export const LIVE_SCRIPT = `
"use strict";
const banner = document.getElementById("connection");
const silence = { atMs: performance.now() };
function listen() {
  const source = new EventSource("/events");
  source.addEventListener("sections", (event) => {
    silence.atMs = performance.now();
    banner.hidden = true;
    const { title, sections } = JSON.parse(event.data);
    document.title = title;
    for (const [id, text] of Object.entries(sections)) {
      const place = document.getElementById(id);
      if (place !== null && place.innerHTML !== text) place.innerHTML = text;
    }
  });
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 3000);
  });
}
listen();
setInterval(() => {
  const silentMs = performance.now() - silence.atMs;
  if (silentMs < 5000 || !banner.hidden) return;
  const since = new Date(Date.now() - silentMs).toLocaleTimeString();
  document.title = "? · Quantum safety";
  banner.textContent = "The exporter does not answer: everything below is as it was at " + since + ".";
  banner.hidden = false;
}, 1000);
`;
