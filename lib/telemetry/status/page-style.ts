/** Both themes keep 4.5:1 for text and 3:1 for borders and signs. */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --bg: #fbfbfa; --fg: #1b1c1e; --soft: #5a5d63; --line: #c9ccd1; --card: #fff;
  --good: #1a6b34; --warning: #8a5300; --critical: #b3201a; --plot: #1f5fa8; }
@media (prefers-color-scheme: dark) { :root { --bg: #16171a; --fg: #e8e9eb; --soft: #a5a9b1; --line: #45484f;
  --card: #1e2024; --good: #6cc788; --warning: #e6b04f; --critical: #ff8f85; --plot: #7fb4f0; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--fg); font: 16px/1.45 system-ui, sans-serif; }
header, main, footer { max-width: 72rem; margin: 0 auto; padding: 0.75rem 1rem; }
header { display: flex; flex-wrap: wrap; gap: 0.25rem 1rem; align-items: baseline; }
h1 { font-size: 1.25rem; margin: 0; } h2 { font-size: 1.05rem; margin: 0 0 0.5rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 0.75rem; margin: 0 0 1rem; }
.skip { position: absolute; left: -999rem; } .skip:focus { position: static; }
:focus-visible { outline: 3px solid var(--plot); outline-offset: 2px; }
.sentence { font-size: 1.35rem; font-weight: 700; margin: 0 0 0.5rem; }
.quiet, .detail { color: var(--soft); } .quiet { margin: 0.25rem 0; }
.concerns, .meters { list-style: none; margin: 0; padding: 0; } .concerns li { margin: 0.25rem 0; }
.badge { font-weight: 700; white-space: nowrap; }
.good { color: var(--good); } .warning { color: var(--warning); } .critical { color: var(--critical); }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 0.75rem; margin: 0; }
.tiles dt { color: var(--soft); font-size: 0.9rem; } .tiles dd { margin: 0; overflow-wrap: anywhere; }
.meters li { display: grid; grid-template-columns: 1fr auto; gap: 0 1rem; margin: 0.35rem 0; }
meter { grid-column: 1 / -1; width: 100%; height: 0.75rem; }
.plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(16rem, 1fr)); gap: 0.75rem; }
figure { margin: 0; } figcaption { font-size: 0.9rem; color: var(--soft); }
svg { width: 100%; height: 3.5rem; border-bottom: 1px solid var(--line); }
polyline { fill: none; stroke: var(--plot); stroke-width: 2; vector-effect: non-scaling-stroke; }
.limit { stroke: var(--critical); stroke-width: 1; stroke-dasharray: 4 3; vector-effect: non-scaling-stroke; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 0.9rem; }
caption { text-align: left; color: var(--soft); padding: 0.25rem 0; }
th, td { text-align: left; padding: 0.25rem 0.75rem 0.25rem 0; border-top: 1px solid var(--line); vertical-align: top; }
th[scope=row] { font-weight: 400; overflow-wrap: anywhere; min-width: 8rem; }
#connection[hidden] { display: none; }
#connection { border: 2px solid var(--critical); color: var(--critical); font-weight: 700; padding: 0.5rem 0.75rem; margin: 0 0 1rem; }
`;
