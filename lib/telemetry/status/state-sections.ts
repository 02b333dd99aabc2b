import { html } from "hono/html";
import { badge, type Tone } from "./badge.ts";
import { decideConcerns } from "./decide-concerns.ts";
import { durationText } from "./duration-text.ts";
import type { StatusView } from "./status-view.ts";

/** As much of a fingerprint as tells accounts apart by eye; all of it is in /v1/status. */
const ACCOUNT_SHOWN = 12;

/** The one sentence that matters, and what is wrong; read out when it changes. */
export function headlineSection(view: StatusView) {
  const { entries } = view;
  const concerns = decideConcerns(view);
  const sentence = !entries.known
    ? "Nothing is known yet."
    : entries.pass
      ? "Entries pass. Exits pass."
      : `Entries are denied: ${entries.denied_by.join(", ")}. Exits pass.`;
  return html`<p class="sentence ${entries.pass ? "good" : "critical"}">${sentence}</p>
    ${
      concerns.length === 0
        ? html`<p class="quiet">Nothing needs attention.</p>`
        : html`<ul class="concerns">${concerns.map(
            ({ severity, text }) => html`<li>${badge(severity, severity)} ${text}</li>`,
          )}</ul>`
    }`;
}

/** The states one by one. */
export function stateSection(view: StatusView) {
  return html`<dl class="tiles">${[
    tile("Safe mode", ...safeModeTile(view)),
    tile("Kill switch", ...killTile(view)),
    tile("Halt", ...haltTile(view)),
    tile("Exit brain", ...heartbeatTile(view)),
    tile("Watchdog", ...watchdogTile(view)),
    tile(
      "Redis",
      view.redis.up ? "good" : "critical",
      view.redis.up ? "CONNECTED" : "LOST",
      sampleText(view),
    ),
    tile(
      "Mode",
      "quiet",
      view.mode.recorded ?? view.mode.configured,
      `account ${view.mode.account?.slice(0, ACCOUNT_SHOWN) ?? "not recorded"}`,
    ),
    tile(
      "Last good drill",
      view.drill_failed ? "critical" : "quiet",
      drillText(view),
      view.drill_failed ? "the newest one failed" : "",
    ),
  ]}</dl>`;
}

type Tile = readonly [tone: Tone, word: string, detail: string];
const UNKNOWN: Tile = ["quiet", "UNKNOWN", "not read yet"];

function tile(name: string, tone: Tone, word: string, detail: string) {
  return html`<div><dt>${name}</dt><dd>${badge(tone, word)} <span class="detail">${detail}</span></dd></div>`;
}

function safeModeTile({ safe_mode: state }: StatusView): Tile {
  if (state === null) return UNKNOWN;
  if (!state.on) return ["good", "OFF", ""];
  const left = state.ttl_sec < 0 ? "until an operator clears it" : `ends in ${durationText(state.ttl_sec)}`;
  return ["critical", "ON", left];
}

function killTile({ kill_switch: kill }: StatusView): Tile {
  if (kill === null) return UNKNOWN;
  return kill.engaged
    ? ["critical", "ENGAGED", "no entry is admitted"]
    : ["good", "ARMED", "entries may pass"];
}

function haltTile({ halt, now_ms: now }: StatusView): Tile {
  if (halt === null) return UNKNOWN;
  if (!halt.halted)
    return ["good", "NOT HALTED", halt.clearedBy === "" ? "" : `cleared by ${halt.clearedBy}`];
  const since = halt.sinceMs === 0 ? "" : `, for ${durationText(Math.max(0, now - halt.sinceMs) / 1000)}`;
  return ["critical", "HALTED", `${halt.reason || "no reason recorded"}${since}`];
}

function heartbeatTile({ heartbeat: beat }: StatusView): Tile {
  if (beat === null) return UNKNOWN;
  if (beat.atMs === undefined) return ["critical", "SILENT", "has never beaten"];
  const detail = `beat ${durationText(beat.ageSec)} ago, ${beat.positions ?? "?"} open ${beat.positions === 1 ? "position" : "positions"}`;
  if (beat.ageSec > 5) return ["critical", "SILENT", detail];
  return [beat.status === "ALIVE" ? "good" : "critical", beat.status, detail];
}

function watchdogTile({ watchdog, roles, now_ms: now }: StatusView): Tile {
  if (watchdog === null) return UNKNOWN;
  const alive = roles.up.find(({ role }) => role === "exit-brain-watchdog")?.alive === true;
  const state = watchdog.state ?? "ABSENT";
  const since =
    watchdog.sinceMs === 0 ? "" : `for ${durationText(Math.max(0, now - watchdog.sinceMs) / 1000)}`;
  if (!alive) return ["critical", "NOT RUNNING", `last state ${state}`];
  const tones: Readonly<Record<string, Tone>> = { HEALTHY: "good", BOOTSTRAP: "warning", SUSPECT: "warning" };
  return [tones[state] ?? "critical", state, since];
}

function drillText({ last_drill_ms: drill, now_ms: now }: StatusView): string {
  return drill === null ? "NEVER" : `${durationText(Math.max(0, now - drill) / 1000)} ago`;
}

function sampleText({ sample_age_sec: age }: StatusView): string {
  return age === null ? "nothing read yet" : `values are ${durationText(age)} old`;
}
