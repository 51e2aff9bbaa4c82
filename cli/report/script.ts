/**
 * The page's script, as it runs there: sorts the table by a click on a heading, and filters its rows. No dependency, no
 * request.
 */

/**
 * So many rows are shown at first: a browser takes seconds to lay out thousands. Print and readers without script get
 * all.
 */
export const SHOWN_ROWS = 200;

/** Plain JavaScript of any browser of the last years. It only moves and hides rows that are there. */
export const SCRIPT = `
(() => {
    const table = document.getElementById("points");
    if (!table) return;
    const body = table.tBodies[0];
    const rows = [...body.rows];
    const order = new Intl.Collator("en", { numeric: true });
    const more = document.getElementById("more");
    const count = document.getElementById("count");
    let limit = ${SHOWN_ROWS};
    const show = () => {
        let fitting = 0;
        for (const row of rows) {
            if (!row.hidden) fitting += 1;
            row.classList.toggle("later", !row.hidden && fitting > limit);
        }
        const shown = Math.min(fitting, limit);
        count.textContent = shown + " of " + rows.length;
        more.hidden = fitting <= limit;
        more.textContent = "Show all " + fitting;
    };
    more.addEventListener("click", () => {
        limit = Infinity;
        show();
    });
    const headings = [...table.tHead.rows[0].cells];
    headings.forEach((heading, column) => {
        const keys = new Map();
        const keyOf = (row) => {
            let key = keys.get(row);
            if (key === undefined) {
                const cell = row.cells[column];
                const text = cell.dataset.v ?? (cell.querySelector("summary") ?? cell).textContent;
                key = cell.dataset.v === undefined ? text : Number(text);
                keys.set(row, key);
            }
            return key;
        };
        heading.querySelector("button").addEventListener("click", () => {
            const up = heading.getAttribute("aria-sort") !== "ascending";
            for (const one of headings) one.removeAttribute("aria-sort");
            heading.setAttribute("aria-sort", up ? "ascending" : "descending");
            const sign = up ? 1 : -1;
            rows.sort((a, b) => {
                const [x, y] = [keyOf(a), keyOf(b)];
                return sign * (typeof x === "number" ? x - y : order.compare(x, y));
            });
            body.append(...rows);
            show();
        });
    });
    const filter = document.getElementById("filter");
    const texts = new Map();
    const textOf = (row) => {
        if (!texts.has(row)) texts.set(row, row.textContent.toLowerCase());
        return texts.get(row);
    };
    filter.addEventListener("input", () => {
        const words = filter.value.toLowerCase().split(/\\s+/).filter(Boolean);
        for (const row of rows) row.hidden = !words.every((word) => textOf(row).includes(word));
        show();
    });
    show();
})();
`;
