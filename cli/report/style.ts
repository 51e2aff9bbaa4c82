/** The page's looks: light and dark by the reader's setting, from 360 pixels up, and on paper. */

export const STYLE = `
:root {
    color-scheme: light dark;
    --page: #f5f6f8; --panel: #ffffff; --line: #dfe3e8; --text: #1b2129; --soft: #5a6572;
    --track: #eef1f4; --grid: #d5dae0;
    --good: #16794f; --copy: #2160b5; --bad: #b42318; --warn: #96540a;
    --good-soft: #e3f4ec; --bad-soft: #fdeae8; --warn-soft: #fdf1df;
    --gap: rgb(180 35 24 / 0.16); --stripe: rgb(180 35 24 / 0.14);
}
@media (prefers-color-scheme: dark) {
    :root {
        --page: #0f1317; --panel: #171c22; --line: #2b333c; --text: #e7ebef; --soft: #9ba7b4;
        --track: #202730; --grid: #343e49;
        --good: #4cc992; --copy: #76b3ff; --bad: #ff8f85; --warn: #f3b35c;
        --good-soft: #12301f; --bad-soft: #3a1916; --warn-soft: #33260f;
        --gap: rgb(255 143 133 / 0.22); --stripe: rgb(255 143 133 / 0.2);
    }
}
* { box-sizing: border-box; }
body {
    margin: 0 auto; padding: 24px clamp(12px, 3vw, 40px) 48px; max-width: 1560px; background: var(--page);
    color: var(--text); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
    font-variant-numeric: tabular-nums;
}
h1 { margin: 0; font-size: 26px; line-height: 1.2; letter-spacing: -0.01em; }
h2 { margin: 0 0 10px; font-size: 17px; }
h3 { margin: 0 0 6px; font-size: 16px; }
h4 { margin: 0; font-size: 15px; overflow-wrap: anywhere; }
small, .note { color: var(--soft); font-size: 13px; font-weight: 400; }
p { margin: 0; }
a { color: inherit; text-decoration-color: var(--soft); text-underline-offset: 3px; }
code, pre { font: 12.5px/1.5 ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
a:focus-visible, button:focus-visible, input:focus-visible, summary:focus-visible, .scroll:focus-visible {
    outline: 3px solid var(--copy); outline-offset: 2px; border-radius: 3px;
}
.skip { position: absolute; left: -9999px; }
.skip:focus { left: 12px; top: 12px; padding: 8px 14px; background: var(--panel); z-index: 2; }
header { display: flex; flex-wrap: wrap; gap: 4px 24px; align-items: baseline; margin-bottom: 18px; }
header p { color: var(--soft); }
main > section { margin-top: 26px; }

.banner { padding: 10px 14px; margin: 0 0 10px; border: 1px solid; border-radius: 8px; overflow-wrap: anywhere; }
.banner.ok { color: var(--good); background: var(--good-soft); }
.banner.bad { color: var(--bad); background: var(--bad-soft); }
.banner.warn { color: var(--warn); background: var(--warn-soft); }

.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 0 0 14px; }
.tile, .card, .vault { background: var(--panel); border: 1px solid var(--line); border-radius: 10px; }
.tile { padding: 12px 14px; display: flex; flex-direction: column; justify-content: space-between; gap: 6px; }
.tile dt { color: var(--soft); font-size: 13px; line-height: 1.35; }
.tile dd { margin: 0; font-size: 22px; font-weight: 650; line-height: 1.2; }
.tile.ok { border-left: 4px solid var(--good); }
.tile.bad { border-left: 4px solid var(--bad); }
.tile.bad dd { color: var(--bad); }

.card { padding: 14px 16px; min-width: 0; }
.card ul, .card ol { margin: 0; padding: 0; list-style: none; }
.card li { padding: 3px 0; overflow-wrap: anywhere; }
.card li b { font-weight: 600; }
.card li span { color: var(--soft); }
.attention { border-left: 4px solid var(--bad); }
.attention ul { columns: 26em; column-gap: 28px; }
.attention li { break-inside: avoid; }
.attention a { font-weight: 650; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 330px), 1fr)); gap: 14px;
    align-items: start; }
.empty { color: var(--soft); }

.legend { display: flex; flex-wrap: wrap; gap: 4px 20px; margin: 0 0 12px; padding: 0; list-style: none;
    color: var(--soft); font-size: 13px; }
.legend li { display: flex; align-items: center; gap: 6px; }
.legend svg { width: 9px; height: 18px; }
.swatch { width: 26px; height: 14px; border-radius: 3px; background: var(--track); }
.swatch.gap { background: linear-gradient(var(--gap), var(--gap)) var(--track); }
.swatch.none, .lane.none .track {
    background: repeating-linear-gradient(-45deg, var(--stripe) 0 7px, transparent 7px 14px) var(--bad-soft);
}
.vault { padding: 14px 16px 6px; margin-bottom: 14px; }
.axis, .lane { display: grid; grid-template-columns: 112px minmax(0, 1fr) 84px; gap: 10px; align-items: center; }
.axis { margin-left: 230px; height: 18px; }
.axis > div { grid-column: 2; position: relative; height: 18px; }
.axis b { position: absolute; right: 0; color: var(--soft); font-size: 12px; font-weight: 400; }
.axis time { position: absolute; color: var(--soft); font-size: 12px; white-space: nowrap; }
.resource { display: grid; grid-template-columns: 216px minmax(0, 1fr); gap: 14px; padding: 10px 0;
    border-top: 1px solid var(--line); scroll-margin-top: 12px; }
.resource:target { background: var(--warn-soft); }
.badge { display: inline-block; margin: 4px 6px 0 0; padding: 0 8px; border-radius: 10px; font-size: 13px;
    line-height: 1.6; }
.badge.ok { color: var(--good); background: var(--good-soft); }
.badge.warn { color: var(--warn); background: var(--warn-soft); }
.badge.bad { color: var(--bad); background: var(--bad-soft); font-weight: 650; }
.lane + .lane { margin-top: 5px; }
.region { font-size: 13px; line-height: 1.2; overflow-wrap: anywhere; }
.region small { display: block; font-size: 11.5px; }
.newest { color: var(--soft); font-size: 13px; white-space: nowrap; }
.track { position: relative; height: 30px; border-radius: 5px; background: var(--track); overflow: hidden; }
.track svg { display: block; width: 100%; height: 100%; }
.track em { position: absolute; inset: 0; display: grid; place-items: center; font-style: normal; font-size: 13px;
    color: var(--soft); }
.lane.none .track { box-shadow: inset 0 0 0 1.5px var(--bad); }
.lane.none em { color: var(--bad); font-weight: 700; text-transform: uppercase; letter-spacing: 0.04em; }
.lane.old .newest, .lane.unknown .newest { color: var(--warn); font-weight: 650; }
path { fill: none; stroke-width: 2.5; vector-effect: non-scaling-stroke; }
path.grid { stroke: var(--grid); stroke-width: 1; }
path.good { stroke: var(--good); }
path.copy { stroke: var(--copy); }
path.failed { stroke: var(--bad); stroke-width: 3; }
path.running { stroke: var(--soft); stroke-dasharray: 3 3; }
rect.gap { fill: var(--gap); }

.months { width: 100%; border-collapse: collapse; font-size: 13px; }
.months th { text-align: left; font-weight: 400; color: var(--soft); white-space: nowrap; padding: 2px 8px 2px 0; }
.months td { white-space: nowrap; padding: 2px 0 2px 8px; text-align: right; }
.months thead th { text-align: right; padding: 2px 0 2px 8px; }
.months thead th:first-child { text-align: left; }
.months .bar { width: 60%; padding: 0; text-align: left; }
.bar i { display: inline-block; height: 11px; vertical-align: middle; }
.bar .points { background: var(--good); border-radius: 2px 0 0 2px; }
.bar .copies { background: var(--copy); border-radius: 0 2px 2px 0; }

.filter { display: flex; flex-wrap: wrap; gap: 6px 14px; align-items: center; margin-bottom: 10px; color: var(--soft); }
.filter input { margin-left: 6px; padding: 5px 9px; border: 1px solid var(--line); border-radius: 6px;
    background: var(--panel); color: inherit; font: inherit; width: min(60vw, 260px); }
.scroll { overflow: auto; max-height: 80vh; border: 1px solid var(--line); border-radius: 10px;
    background: var(--panel); }
#points { width: 100%; border-collapse: collapse; font-size: 13.5px; }
#points caption { text-align: left; padding: 10px 12px; color: var(--soft); }
#points th { position: sticky; top: 0; background: var(--panel); text-align: left; padding: 0;
    box-shadow: inset 0 -1px var(--line); }
#points th button { all: unset; box-sizing: border-box; width: 100%; padding: 8px 12px; font-weight: 600;
    cursor: pointer; white-space: nowrap; }
#points th button::after { content: " ↕" / ""; color: var(--soft); opacity: 0.5; }
#points th[aria-sort="ascending"] button::after { content: " ↑" / ""; opacity: 1; }
#points th[aria-sort="descending"] button::after { content: " ↓" / ""; opacity: 1; }
#points th button:focus-visible { outline: 3px solid var(--copy); outline-offset: -3px; }
#points td { padding: 6px 12px; border-top: 1px solid var(--line); vertical-align: top; white-space: nowrap; }
#points td:nth-child(n + 8) { white-space: normal; min-width: 9em; }
#points td:nth-child(8) { white-space: nowrap; }
#points td.bad { color: var(--bad); font-weight: 650; }
#points td.warn { color: var(--warn); font-weight: 650; }
#points tbody tr:hover { background: var(--track); }
#points tr.later { display: none; }
summary { cursor: pointer; }
.more { margin-top: 10px; }
.more button { padding: 6px 14px; border: 1px solid var(--line); border-radius: 6px; background: var(--panel);
    color: inherit; font: inherit; cursor: pointer; }
#points pre { margin: 6px 0 2px; color: var(--soft); }
footer { margin-top: 24px; color: var(--soft); font-size: 13px; }

@media (max-width: 760px) {
    body { padding-top: 16px; font-size: 14.5px; }
    .tiles { grid-template-columns: 1fr 1fr; gap: 8px; }
    .tile { padding: 9px 11px; }
    .tile dd { font-size: 19px; }
    .vault { padding: 12px 12px 4px; }
    .resource { grid-template-columns: minmax(0, 1fr); gap: 6px; }
    .axis { margin-left: 0; }
    .axis, .lane { grid-template-columns: 58px minmax(0, 1fr) 58px; gap: 6px; }
    .axis time.odd { display: none; }
    .newest { font-size: 12px; white-space: normal; line-height: 1.2; }
    .lane.none em { letter-spacing: 0; text-transform: none; }
    .who { display: flex; flex-wrap: wrap; align-items: center; gap: 2px 10px; }
    .badge { margin: 0; }
}
@media print {
    :root {
        --page: #fff; --panel: #fff; --line: #c8ced6; --text: #000; --soft: #444; --track: #f0f2f4; --grid: #d5dae0;
        --good: #16794f; --copy: #2160b5; --bad: #b42318; --warn: #96540a;
        --good-soft: #fff; --bad-soft: #fff; --warn-soft: #fff;
        --gap: rgb(180 35 24 / 0.2); --stripe: rgb(180 35 24 / 0.25);
    }
    body { padding: 0; max-width: none; font-size: 11px; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
    .filter, .skip, .more { display: none; }
    #points tr.later:not([hidden]) { display: table-row; }
    .tiles { grid-template-columns: repeat(6, 1fr); }
    .tile dd { font-size: 15px; }
    .scroll { overflow: visible; max-height: none; border: 0; }
    .resource, .card, .tile, #points tr { break-inside: avoid; }
    #points { font-size: 9px; }
    #points th { position: static; }
    #points th button::after { content: none !important; }
    #points td, #points th button { padding: 3px 5px; white-space: normal; }
    thead { display: table-header-group; }
}
`;
