// The report in a real browser: nothing is asked for, nothing fails, and what matters can be seen, heard and reached.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Browser, findBrowser, type Page, startBrowser } from "../support/browser";
import { HOUR, startCloud } from "./cloud";
import { reportCloud } from "./report-cloud";

const found = findBrowser();
if ("missing" in found) console.log(`The report's page is not tested: there is no browser, because ${found.missing}.`);

describe.skipIf("missing" in found)("the report's page", () => {
    const folder = mkdtempSync(join(tmpdir(), "cbr-report-"));
    const file = join(folder, "report.html");
    const address = pathToFileURL(file).href;
    let browser: Browser;
    let page: Page;

    beforeAll(async () => {
        const { cloud, state } = await reportCloud();
        const run = await cloud.run(["report", "--html", file, "--state", state]);
        await cloud.close();
        expect(run.code, run.err).toBe(0);
        browser = await startBrowser("path" in found ? found.path : "");
        page = await browser.page();
    });
    afterAll(() => browser.close());

    const texts = (selector: string) =>
        page.evaluate<string[]>(
            `[...document.querySelectorAll(${JSON.stringify(selector)})].map((one) => one.textContent.trim())`,
        );

    it.each([
        [360, "light"],
        [1_600, "light"],
        [360, "dark"],
        [1_600, "dark"],
    ])(
        "opens from a file at %i pixels, %s, without an error, a request or sideways scrolling",
        async (width, theme) => {
            await page.open(address, { width, height: 900 }, { "prefers-color-scheme": theme });
            expect({ requests: page.requests, errors: page.errors }).toEqual({ requests: [], errors: [] });
            expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
            const background = await page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
            expect(background).toBe(theme === "dark" ? "rgb(15, 19, 23)" : "rgb(245, 246, 248)");
            // Nothing is wider than the screen, except what scrolls by itself.
            const wide = await page.evaluate<string[]>(
                "[...document.querySelectorAll('body *')].filter((one) => !one.closest('.scroll') && !one.closest('.skip') && one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.className || one.tagName)",
            );
            expect(wide).toEqual([]);
        },
    );

    it.each([360, 1_600])("shows at a glance which server has no good copy, at %i pixels", async (width) => {
        await page.open(address, { width, height: 900 });
        const lanes = await page.evaluate<[string, string, string, boolean][]>(`
            [...document.querySelectorAll(".resource")].flatMap((row) => [...row.querySelectorAll(".lane")].map((lane) => {
                const track = lane.querySelector(".track");
                const box = track.getBoundingClientRect();
                const isStriped = getComputedStyle(track).backgroundImage.includes("repeating-linear-gradient");
                const said = track.querySelector("em");
                const isSeen = box.width > 100 && box.height >= 20 && (said === null || said.getBoundingClientRect().width > 40);
                return [row.querySelector("h4").textContent, lane.querySelector(".region").firstChild.textContent, (isStriped ? "striped: " : "") + (said?.textContent ?? ""), isSeen];
            }))`);
        expect(lanes).toEqual([
            ["pg-data", "eu-de", "", true],
            ["pg-data", "eu-nl", "cannot be copied", true],
            ["cache-1", "eu-de", "striped: no good restore point", true],
            ["cache-1", "eu-nl", "striped: no good copy", true],
            ["db-1", "eu-de", "", true],
            ["db-1", "eu-nl", "", true],
            ["web-1", "eu-de", "", true],
            ["web-1", "eu-nl", "", true],
            ["test-1", "eu-de", "", true],
            ["test-1", "eu-nl", "striped: no good copy", true],
        ]);
        expect(await texts(".badge")).toEqual([
            "✓ protected",
            ...["✕ no good restore point", "✕ no good copy in eu-nl"],
            "! newest copy in eu-nl is 12 d old",
            "✓ protected",
            ...["! newest restore point is 9 d old", "✕ no good copy in eu-nl"],
        ]);
        expect(await texts(".attention a")).toEqual(["cache-1", "db-1", "test-1"]);
    });

    it("can be heard: one heading of the first rank, every picture and field named, the table a table", async () => {
        await page.open(address, { width: 1_600, height: 900 });
        const { nodes } = await page.send<{ nodes: { role?: { value: string }; name?: { value: string } }[] }>(
            "Accessibility.getFullAXTree",
        );
        const named = (role: string) =>
            nodes.filter((one) => one.role?.value === role).map((one) => one.name?.value ?? "");
        const ranks = await page.evaluate<number[]>(
            "[...document.querySelectorAll('h1, h2, h3, h4')].map((one) => Number(one.tagName[1]))",
        );
        expect(ranks.filter((rank) => rank === 1)).toHaveLength(1);
        for (const [at, rank] of ranks.entries()) expect(rank - (ranks[at - 1] ?? 0)).toBeLessThanOrEqual(1);
        expect(named("image")).toContain("eu-nl: 0 good copies since 2026-10-31 20:00 UTC, none is good");
        expect(named("image").every((name) => name !== "")).toBe(true);
        expect(named("searchbox")).toEqual(["Show only rows with"]);
        expect(named("columnheader").slice(-10)).toEqual([
            ...["Taken (UTC)", "Restore point", "Region", "Vault", "Resources"],
            ...["Size", "Kind", "Expires", "Copies", "Held by"],
        ]);
    });

    it("sorts and filters the table by keyboard alone", async () => {
        await page.open(address, { width: 1_600, height: 900 });
        const column = (at: number) => texts(`#points tbody tr:not([hidden]) td:nth-child(${at})`);
        const focused = () => page.evaluate<string>("document.activeElement.textContent");
        for (let press = 0; (await focused()) !== "Size" && press < 200; press++) await page.press("Tab");
        await page.press("Enter");
        const sizes = (await column(6)).map((text) => Number.parseInt(text, 10));
        expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
        expect(await page.evaluate("document.activeElement.closest('th').ariaSort")).toBe("ascending");
        await page.press("Enter");
        expect((await column(6))[0]).toBe("200 GB");
        expect(await texts("th[aria-sort]")).toEqual(["Size"]);
        await page.evaluate("document.getElementById('filter').focus()");
        await page.send("Input.insertText", { text: "PRODUCTION eu-nl" });
        const shown = await texts("#points tbody tr:not([hidden])");
        expect(shown.length).toBeGreaterThan(3);
        expect(shown.every((row) => row.includes("production") && row.includes("eu-nl"))).toBe(true);
        expect(await texts("#count")).toEqual([`${shown.length} of 65`]);
        expect({ requests: page.requests, errors: page.errors }).toEqual({ requests: [], errors: [] });
    });

    it("prints all of it, on white", async () => {
        await page.open(address, { width: 800, height: 900 }, { media: "print", "prefers-color-scheme": "dark" });
        expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe("rgb(255, 255, 255)");
        expect(await page.evaluate("getComputedStyle(document.querySelector('.filter')).display")).toBe("none");
        const { data } = await page.send<{ data: string }>("Page.printToPDF");
        const pdf = Buffer.from(data, "base64").toString("latin1");
        expect(pdf.match(/\/Type \/Page\b/g)?.length ?? 0).toBeGreaterThan(1);
    });

    it("runs nothing that a name brings along", async () => {
        const cloud = await startCloud();
        const evil = `"'></script><img src=x onerror=document.title=1><b onclick="x`;
        const vault = cloud.home.addVault({ name: evil, resources: [{ name: evil }] });
        cloud.home.addCheckpoint(vault.id, { name: evil });
        const evilFile = join(folder, "evil.html");
        await cloud.run(["report", "--html", evilFile, "--title", evil]);
        await cloud.close();
        await page.open(pathToFileURL(evilFile).href, { width: 1_600, height: 900 });
        expect({ requests: page.requests, errors: page.errors }).toEqual({ requests: [], errors: [] });
        expect(await page.evaluate("document.querySelectorAll('img, b[onclick]').length")).toBe(0);
        expect(await texts("h3 + *, h4")).toContain(evil);
        expect(await page.evaluate("document.title")).toBe(evil);
    });

    it("needs less than two seconds of script for 5,000 restore points, sorted and filtered", async () => {
        const cloud = await startCloud();
        for (let at = 0; at < 5_000; at++) {
            const backups = cloud.take(at * HOUR, { name: `hourly-${at}`, resources: [cloud.server("web-1")] });
            if (at % 2 === 0) cloud.copy(backups);
        }
        const large = join(folder, "large.html");
        await cloud.run(["report", "--html", large, "--since", "210d"]);
        await cloud.close();
        await page.open(pathToFileURL(large).href, { width: 1_600, height: 900 });
        expect(await texts("#count")).toEqual(["200 of 5000"]);
        await page.evaluate("document.querySelectorAll('#points th button')[1].click()");
        expect((await texts("#points tbody tr:nth-child(3) summary"))[0]).toBe("hourly-2");
        await page.evaluate(
            "(() => { const f = document.getElementById('filter'); f.value = 'hourly-49'; f.dispatchEvent(new Event('input')); })()",
        );
        expect(await texts("#count")).toEqual(["111 of 5000"]);
        await page.evaluate(
            "(() => { const f = document.getElementById('filter'); f.value = ''; f.dispatchEvent(new Event('input')); document.getElementById('more').click(); })()",
        );
        expect(await texts("#count")).toEqual(["5000 of 5000"]);
        const { metrics } = await page.send<{ metrics: { name: string; value: number }[] }>("Performance.getMetrics");
        const seconds = metrics.find(({ name }) => name === "ScriptDuration")?.value;
        expect(seconds).toBeGreaterThan(0.05);
        expect(seconds).toBeLessThan(2);
    }, 120_000);

    it("is the picture in the docs, when that is written anew", async () => {
        await page.open(address, { width: 1_200, height: 900 });
        // Down to the last vault.
        const end = await page.evaluate<number>(
            "Math.max(...[...document.querySelectorAll('.vault')].map((one) => one.getBoundingClientRect().bottom))",
        );
        const picture = await page.screenshot(Math.ceil(end) + 16);
        expect(picture.subarray(8, 12).toString()).toBe("WEBP");
        expect(picture.length).toBeGreaterThan(20_000);
        if (process.env["UPDATE"] === "1") writeFileSync(join(__dirname, "../../docs/report.webp"), picture);
    });
});
