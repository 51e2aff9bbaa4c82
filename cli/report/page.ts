/** The whole page, in one file: no request to anywhere, and none that anything in it could start. */
import { createHash } from "node:crypto";
import { regionsInWords } from "../inventory/words";
import { isoSecond, minuteOf, span } from "../text";
import { attention, cards, problems, tiles } from "./cards";
import type { ReportData } from "./data";
import { escaped, type Html, html } from "./html";
import { SCRIPT } from "./script";
import { STYLE } from "./style";
import { pointsTable } from "./table";
import { vaultTimelines } from "./timeline";

export function reportPage(data: ReportData): string {
    const hash = createHash("sha256").update(SCRIPT).digest("base64");
    // Names in a cloud are anybody's: even one that got through could load and run nothing.
    const policy =
        `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash}'; img-src data:; ` +
        "base-uri 'none'; form-action 'none'";
    return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>${escaped(data.options.title)}</title>
<style>${STYLE}</style>
</head>
<body>
${bodyOf(data).text}
<script>${SCRIPT}</script>
</body>
</html>
`;
}

function bodyOf(data: ReportData): Html {
    const { inventory, options, session } = data;
    const states = session.states.map(({ stack, project }) => `${project}/${stack}`);
    const vaults = options.vaults.length === 0 ? "" : `, vault ${options.vaults.join(", ")}`;
    return html`<a class="skip" href="#table">Skip to the table</a>
<header><h1>${options.title}</h1><p>As of <time datetime="${isoSecond(inventory.takenMs)}">${minuteOf(
        inventory.takenMs,
    )} UTC</time> · ${regionsInWords(inventory)}${vaults} · wanted no older than ${span(options.intervalMs)} · ${
        states.length === 0 ? "no states given" : `states of ${states.join(", ")}`
    }</p></header>
<main>
${problems(data)}${tiles(data)}${attention(data)}
<section aria-labelledby="lines"><h2 id="lines">What there is to restore from, by vault and resource</h2>
${vaultTimelines(data)}</section>
<section aria-label="More">${cards(data)}</section>
<section aria-labelledby="table"><h2 id="table">All restore points</h2>
${pointsTable(data)}</section>
</main>
<footer><p>Made by <code>pulumi-cbr report</code>, which only reads. A restore point is good when it can be restored
from and has not expired; a copy is as old as its data. To restore:
<code>npx pulumi-cbr restore BACKUP_ID</code>.</p></footer>`;
}
