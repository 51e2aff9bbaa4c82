/** The table of all restore points. A few lines of script sort and filter it; without them it is a table. */
import type { BackupFact } from "../inventory/facts";
import type { RestorePoint } from "../inventory/restore-points";
import {
    copiesInWords,
    holdersInWords,
    kindInWords,
    resourcesInWords,
    sizeInWords,
    timeInWords,
} from "../inventory/words";
import { minuteOf } from "../text";
import type { ReportData } from "./data";
import { type Html, html } from "./html";
import { SHOWN_ROWS } from "./script";

const COLUMNS = [
    "Taken (UTC)",
    "Restore point",
    "Region",
    "Vault",
    "Resources",
    "Size",
    "Kind",
    "Expires",
    "Copies",
    "Held by",
];

export function pointsTable(data: ReportData): Html {
    if (data.points.length === 0) return html`<p class="empty">There are no restore points.</p>`;
    const headings = COLUMNS.map(
        (name, at) =>
            html`<th scope="col"${at === 0 && html` aria-sort="descending"`}><button type="button">${
                name
            }</button></th>`,
    );
    return html`<p class="filter"><label>Show only rows with
<input id="filter" type="search" autocomplete="off" aria-controls="points"></label>
<output id="count" for="filter">${data.points.length} of ${data.points.length}</output></p>
<noscript><style>#points tr.later { display: table-row }</style></noscript>
<section class="scroll" aria-label="Restore points" tabindex="0"><table id="points">
<caption>Restore points and copies, newest first. A restore point opens to the ids of its backups.</caption>
<thead><tr>${headings}</tr></thead><tbody>
${data.points.map((point, at) => row(point, data, at >= SHOWN_ROWS))}</tbody></table></section>
<p class="more"><button type="button" id="more" hidden>Show all ${data.points.length}</button></p>`;
}

function row(point: RestorePoint, data: ReportData, isLater: boolean): Html {
    const state = point.good === 0 ? html` class="bad"` : point.failed > 0 && html` class="warn"`;
    const expires = point.expiresMs === undefined ? "never" : minuteOf(point.expiresMs);
    return html`<tr${isLater && html` class="later"`}><td>${timeInWords(point.createdMs)}</td><td><details><summary>${
        point.name
    }</summary>${ids(point, data)}</details></td><td>${point.region}</td><td>${point.vaultName}</td><td${
        state
    }>${resourcesInWords(point)}</td><td data-v="${point.sizeGb}">${sizeInWords(point.sizeGb)}</td><td>${kindInWords(
        point,
    )}</td><td>${expires}</td><td>${copiesInWords(point)}</td><td>${holdersInWords(
        point.holders,
        data.holders,
    )}</td></tr>
`;
}

/** Ids to restore from, in one text: thousands of rows have them. */
function ids(point: RestorePoint, { all }: ReportData): Html {
    const line = (fact: BackupFact, where: string) => `${where}${fact.resourceName} ${fact.status} ${fact.id}`;
    const lines = point.backups.flatMap((fact) => [
        line(fact, ""),
        ...all.copies
            .of(fact.id)
            .flatMap(({ replica, region }) => (replica === undefined ? [] : [line(replica, `→ ${region} `)])),
    ]);
    return html`<pre>${lines.map(
        (one) => html`${one}
`,
    )}</pre>`;
}
