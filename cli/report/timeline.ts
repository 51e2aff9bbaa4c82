/** The picture: for each resource a line of time a region, with what can be restored from and what cannot. */
import { counted, DAY_MS, isoSecond, minuteOf, span } from "../text";
import type { Lane, Mark, ReportData, ResourceRow, VaultSection } from "./data";
import { type Html, html } from "./html";

/** Width of a lane in its own units; the page stretches it. */
const WIDTH = 1_000;
const HEIGHT = 22;

export function vaultTimelines(data: ReportData): Html {
    if (data.sections.length === 0) return html`<p class="empty">No vault for backups was found.</p>`;
    return html`${legend(data)}${data.sections.map((section) => vaultSection(section, data))}`;
}

function legend({ options }: ReportData): Html {
    return html`<ul class="legend" aria-label="Legend">
<li><svg viewBox="0 0 14 22" aria-hidden="true"><path class="good" d="M7 2V20"/></svg>restore point</li>
<li><svg viewBox="0 0 14 22" aria-hidden="true"><path class="copy" d="M7 2V20"/></svg>copy, below its restore point</li>
<li><svg viewBox="0 0 14 22" aria-hidden="true"><path class="failed" d="M7 12V20"/></svg>failed</li>
<li><svg viewBox="0 0 14 22" aria-hidden="true"><path class="running" d="M7 2V20"/></svg>running</li>
<li><span class="swatch gap"></span>the newest was older than ${span(options.intervalMs)}</li>
<li><span class="swatch none"></span>nothing good at all</li>
</ul>`;
}

function vaultSection({ vault, rows }: VaultSection, data: ReportData): Html {
    const used =
        vault.sizeGb === undefined || vault.usedGb === undefined ? undefined : (vault.usedGb / vault.sizeGb) * 100;
    const facts = [
        vault.region,
        vault.status === "available" ? undefined : vault.status,
        vault.isLocked ? "locked: automatic backups cannot be deleted before they expire" : undefined,
        used === undefined ? undefined : `${Math.round(used)} % of ${vault.sizeGb} GB used`,
    ];
    return html`<section class="vault" aria-label="Vault ${vault.name}">
<h3>${vault.name} <small>${facts.filter((one) => one !== undefined).join(" · ")}</small></h3>
${
    rows.length === 0
        ? html`<p class="empty">Protects nothing.</p>`
        : html`${axis(data)}${rows.map((row) => resource(row, data))}`
}
</section>`;
}

function resource(row: ResourceRow, data: ReportData): Html {
    return html`<article class="resource ${row.isWell ? "well" : "ill"}" id="r-${row.resourceId}">
<div class="who"><h4>${row.resourceName}</h4>${badges(row, data)}</div>
<div class="lanes">${row.lanes.map((lane) => laneRow(lane, data))}</div>
</article>`;
}

/** What is wrong, or that nothing is: the picture's conclusion. */
function badges(row: ResourceRow, data: ReportData): Html {
    if (row.isWell) return html`<p class="badge ok"><span aria-hidden="true">✓</span> protected</p>`;
    return html`${row.lanes.map((lane) => {
        const text = troubleInWords(lane, data);
        if (text === undefined) return undefined;
        const isBad = lane.verdict === "none";
        const sign = html`<span aria-hidden="true">${isBad ? "✕" : "!"}</span>`;
        return html`<p class="badge ${isBad ? "bad" : "warn"}">${sign} ${text}</p>`;
    })}`;
}

/** Undefined: nothing is wrong with it. */
export function troubleInWords(lane: Lane, { inventory }: ReportData): string | undefined {
    const what = lane.isCopy ? `copy in ${lane.region}` : "restore point";
    const age = lane.newestMs === undefined ? "" : span(inventory.takenMs - lane.newestMs);
    switch (lane.verdict) {
        case "none":
            return `no good ${what}`;
        case "old":
            return `newest ${what} is ${age} old`;
        case "unknown":
            return `${what} of unknown age`;
        case "unread":
            return `copies in ${lane.region} were not looked at`;
        default:
            return undefined;
    }
}

function laneRow(lane: Lane, data: ReportData): Html {
    const nowMs = data.inventory.takenMs;
    const newest = lane.newestMs === undefined ? "" : `${span(nowMs - lane.newestMs)} ago`;
    const empty: Readonly<Record<string, string>> = {
        none: lane.isCopy ? "no good copy" : "no good restore point",
        unread: "not looked at",
        never: "cannot be copied",
    };
    const label = html`<span class="region">${lane.region}<small>${
        lane.isCopy ? "copies" : "restore points"
    }</small></span>`;
    return html`<div class="lane ${lane.verdict}">${label}<div class="track" role="img" aria-label="${laneInWords(
        lane,
        data,
    )}">
${picture(lane, data)}${
    empty[lane.verdict] === undefined ? undefined : html`<em>${empty[lane.verdict]}</em>`
}</div><span class="newest">${newest}</span></div>`;
}

/** For those who cannot see it. */
function laneInWords(lane: Lane, data: ReportData): string {
    const count = (state: Mark["state"]) => lane.marks.filter((one) => one.state === state).length;
    const [good, failed] = [count("good"), count("failed")];
    const newest = lane.newestMs === undefined ? "none is good" : `newest of ${minuteOf(lane.newestMs)} UTC`;
    return [
        `${lane.region}: ` +
            `${lane.isCopy ? counted(good, "good copy", "good copies") : counted(good, "good restore point")} since ` +
            `${minuteOf(data.fromMs)} UTC`,
        ...(failed === 0 ? [] : [`${failed} failed`]),
        ...(lane.gaps.length === 0 ? [] : [counted(lane.gaps.length, "gap")]),
        newest,
    ].join(", ");
}

function picture(lane: Lane, data: ReportData): Html {
    const x = (ms: number) => scale(ms, data);
    const ticks = (state: Mark["state"], from: number) =>
        [...new Set(lane.marks.filter((one) => one.state === state).map(({ atMs }) => x(atMs)))]
            .map((at) => `M${at} ${from}V20`)
            .join("");
    const paths: readonly (readonly [name: string, path: string])[] = [
        [lane.isCopy ? "copy" : "good", ticks("good", 2)],
        ["running", ticks("running", 2)],
        ["failed", ticks("failed", 12)],
    ];
    const grid = gridTimes(data)
        .map(({ atMs }) => `M${x(atMs)} 0V${HEIGHT}`)
        .join("");
    return html`<svg viewBox="0 0 ${WIDTH} ${
        HEIGHT
    }" preserveAspectRatio="none" aria-hidden="true"><path class="grid" d="${grid}"/>${lane.gaps.map(
        ([from, to]) =>
            html`<rect class="gap" x="${x(from)}" y="0" width="${Math.max(1, x(to) - x(from))}" height="${HEIGHT}"/>`,
    )}${paths
        .filter(([, path]) => path !== "")
        .map(([name, path]) => html`<path class="${name}" d="${path}"/>`)}</svg>`;
}

function scale(ms: number, { fromMs, inventory }: ReportData): number {
    const share = (ms - fromMs) / (inventory.takenMs - fromMs);
    return Math.round(Math.min(1, Math.max(0, share)) * WIDTH * 10) / 10;
}

function axis(data: ReportData): Html {
    const labels = gridTimes(data).map(({ atMs, text }, at) => {
        const left = scale(atMs, data) / 10;
        return html`<time datetime="${isoSecond(atMs)}" class="${at % 2 === 0 ? "even" : "odd"}" style="left:${
            left
        }%">${text}</time>`;
    });
    return html`<div class="axis" aria-hidden="true"><div>${labels}<b>now</b></div></div>`;
}

/** Six or so round times: hours, days, weeks or months apart. */
function gridTimes({ fromMs, inventory }: ReportData): readonly { readonly atMs: number; readonly text: string }[] {
    const length = inventory.takenMs - fromMs;
    const hour = DAY_MS / 24;
    const step = [
        3 * hour,
        6 * hour,
        12 * hour,
        DAY_MS,
        2 * DAY_MS,
        7 * DAY_MS,
        14 * DAY_MS,
        28 * DAY_MS,
        91 * DAY_MS,
    ].find((one) => length / one <= 8);
    const every = step ?? 365 * DAY_MS;
    const times: { atMs: number; text: string }[] = [];
    for (let atMs = Math.ceil(fromMs / every) * every; atMs < inventory.takenMs; atMs += every) {
        const text = every < DAY_MS ? minuteOf(atMs).slice(5) : minuteOf(atMs).slice(5, 10);
        // What stands at the very end would hang over "now".
        if ((inventory.takenMs - atMs) / length > 0.14) times.push({ atMs, text });
    }
    return times;
}
