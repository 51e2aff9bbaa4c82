/** The report's boxes: numbers first, what needs attention, what expires, what no stack holds, how much there is. */
import { holderInWords, problemInWords } from "../inventory/words";
import { counted, DAY_MS, minuteOf, size, span } from "../text";
import type { ReportData } from "./data";
import { type Html, html } from "./html";
import { troubleInWords } from "./timeline";

/** Lists show so many; the table has all. */
const SHOWN = 8;

export function tiles(data: ReportData): Html {
    const nowMs = data.inventory.takenMs;
    const rows = data.sections.flatMap((section) => section.rows);
    const isGood = (isCopy: boolean) =>
        rows.filter((row) => row.lanes.some((lane) => lane.isCopy === isCopy && lane.verdict === "good")).length;
    const copyable = rows.filter((row) => row.lanes.some((lane) => lane.isCopy && lane.verdict !== "never"));
    const copied = copyable.filter((row) =>
        row.lanes.every((lane) => !lane.isCopy || lane.verdict === "good" || lane.verdict === "never"),
    ).length;
    const soon = data.expiring.filter(({ expiresMs }) => (expiresMs ?? 0) - nowMs < 7 * DAY_MS).length;
    const unownedGb = data.unowned.reduce((sum, point) => sum + point.sizeGb, 0);
    return html`<dl class="tiles">
${tile(
    "Resources with a fresh restore point",
    `${isGood(false)} of ${rows.length}`,
    isGood(false) === rows.length && rows.length > 0,
)}
${
    copyable.length === 0 || data.copyRegions.length === 0
        ? tile("Resources with a fresh copy", "not wanted", undefined)
        : tile(
              `Resources with a fresh copy in ${data.copyRegions.join(", ")}`,
              `${copied} of ${copyable.length}`,
              copied === copyable.length,
          )
}
${tile("Restore points", String(data.points.filter((one) => !one.isCopy).length), undefined)}
${tile("Good copies", `${data.goodReplicas} of ${data.replicas}`, undefined)}
${
    data.holders.isAsked
        ? tile("Held by no stack", `${data.unowned.length}${unownedGb > 0 ? `, ${size(unownedGb)}` : ""}`, undefined)
        : tile("Held by no stack", "not asked", undefined)
}
${tile("Expire within 7 days", String(soon), undefined)}
</dl>`;
}

function tile(term: string, value: string, isWell: boolean | undefined): Html {
    const state = isWell === undefined ? "" : isWell ? "ok" : "bad";
    return html`<div class="tile ${state}"><dt>${term}</dt><dd>${value}</dd></div>`;
}

/** Regions that could not be read come first: the rest of the page does not know them. */
export function problems({ inventory, missing, holders }: ReportData): Html {
    return html`${inventory.problems.map(
        (one) =>
            html`<p class="banner bad" role="alert"><span aria-hidden="true">✕</span> ${problemInWords(
                one,
            )} Nothing on this page speaks of it.</p>`,
    )}
${missing
    .slice(0, SHOWN)
    .map(
        (one) =>
            html`<p class="banner warn"><span aria-hidden="true">!</span> ${holderInWords(
                one.holder,
                holders.hasSeveralProjects,
            )} holds backup <code>${one.id}</code> in ${one.region}, but the cloud no longer has it.</p>`,
    )}
${
    missing.length > SHOWN &&
    html`<p class="banner warn">And ${missing.length - SHOWN} more that states hold are missing.</p>`
}`;
}

export function attention(data: ReportData): Html {
    const rows = data.sections.flatMap(({ vault, rows }) =>
        rows.filter((row) => !row.isWell).map((row) => ({ vault, row })),
    );
    if (data.sections.every((section) => section.rows.length === 0)) return html``;
    if (rows.length === 0)
        return html`<p class="banner ok"><span aria-hidden="true">✓</span> Every resource${
            data.inventory.problems.length > 0 && " of the regions that could be looked at"
        } has a good restore point${
            data.copyRegions.length > 0 && " and copy"
        }, no older than ${span(data.options.intervalMs)}.</p>`;
    const items = rows.slice(0, 3 * SHOWN).map(({ vault, row }) => {
        const troubles = row.lanes.map((lane) => troubleInWords(lane, data)).filter((one) => one !== undefined);
        return html`<li><a href="#r-${row.resourceId}">${row.resourceName}</a> <span>in ${vault.name}: ${troubles.join(
            "; ",
        )}</span></li>`;
    });
    const more = rows.length - items.length;
    return html`<div class="card attention"><h2>Needs attention</h2><ul>${items}</ul>${
        more > 0 && html`<p>And ${more} more below.</p>`
    }</div>`;
}

export function cards(data: ReportData): Html {
    return html`<div class="cards">${expiring(data)}${unowned(data)}${months(data)}</div>`;
}

function expiring({ expiring: list, inventory }: ReportData): Html {
    const rows = list.slice(0, SHOWN).map((point) => {
        const expiresMs = point.expiresMs ?? 0;
        const left = span(expiresMs - inventory.takenMs);
        return html`<li><b>${point.name}</b> <span>${point.vaultName}, in ${left} (${minuteOf(expiresMs)})</span></li>`;
    });
    const body =
        list.length === 0
            ? html`<p class="empty">Nothing expires: every restore point is kept until it is deleted.</p>`
            : html`<ol>${rows}</ol>${list.length > SHOWN && html`<p>And ${list.length - SHOWN} later.</p>`}`;
    return html`<div class="card"><h2>What expires next</h2>${body}</div>`;
}

function unowned({ unowned: list, holders, session }: ReportData): Html {
    const states = session.states.map(({ stack, project }) => `${project}/${stack}`).join(", ");
    const body = !holders.isAsked
        ? html`<p class="empty">Not asked: no state was given (--stack, --state).</p>`
        : list.length === 0
          ? html`<p class="empty">Every restore point is held by one of ${states}.</p>`
          : html`<p>None of ${states} holds ${counted(list.length, "restore point")}:</p><ol>${list
                .slice(0, SHOWN)
                .map(
                    (point) =>
                        html`<li><b>${point.name}</b> <span>${point.vaultName}, ${
                            point.createdMs === undefined ? "" : minuteOf(point.createdMs)
                        }, ${size(point.sizeGb)}${point.isAutomatic === true && ", by a policy"}</span></li>`,
                )}</ol>${list.length > SHOWN && html`<p>And ${list.length - SHOWN} more in the table.</p>`}`;
    return html`<div class="card"><h2>What no stack holds</h2>${body}</div>`;
}

function months({ months: list }: ReportData): Html {
    const most = list.reduce((a, one) => Math.max(a, one.pointsGb + one.copiesGb), 0);
    const share = (gb: number) => (most === 0 ? 0 : Math.round((gb / most) * 1_000) / 10);
    const rows = list.map(
        ({ month, pointsGb, copiesGb }) =>
            html`<tr><th scope="row">${month}</th><td class="bar" aria-hidden="true">${[
                html`<i class="points" style="width:${share(pointsGb)}%"></i>`,
                html`<i class="copies" style="width:${share(copiesGb)}%"></i>`,
            ]}</td><td>${size(pointsGb)}</td><td>${size(copiesGb)}</td></tr>`,
    );
    return html`<div class="card"><h2>Size by month</h2><table class="months">
<thead><tr>
<th scope="col">Month</th><td></td><th scope="col">Restore points</th><th scope="col">Copies</th>
</tr></thead>
<tbody>${rows}</tbody></table>
<p class="note">Of the resources that were backed up. The cloud does not say what a single backup takes up.</p></div>`;
}
