/** The figures as a picture: horizontal bars, colours that stand on light and dark. */
import { unavoidableMs } from "./deployments";
import { peerCases, peers } from "./peer";
import { operationOf, type Results } from "./results";

interface Bar {
    readonly label: string;
    readonly seconds: number;
    /** Drawn in front, in the reference's colour: what cannot be avoided. */
    readonly floor?: number;
    readonly kind: "ours" | "other";
}
interface Group {
    readonly title: string;
    readonly bars: readonly Bar[];
}
interface Panel {
    readonly title: string;
    readonly groups: readonly Group[];
    readonly logarithmic: boolean;
}

const WIDTH = 860;
const LEFT = 300;
const RIGHT = 90;
const BAR = 16;
const GAP = 4;

function inXml(text: string): string {
    return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function panelsOf({ deployments = [], peer = [] }: Results): Panel[] {
    const panels: Panel[] = [];
    const most = Math.max(0, ...deployments.map((one) => one.count));
    const groups = deployments
        .filter((one) => one.count === most)
        .flatMap((figures) =>
            figures.operations.map((one): Group => {
                const extra = unavoidableMs(one.operation, figures) / 1000;
                const backups = one.operation === "up" ? `, ${figures.backupMs / 1000} s backups` : "";
                const policy = one.operation === "destroy" ? `, ${figures.policy}` : "";
                return {
                    title: `${one.operation}${backups}${policy}`,
                    bars: [
                        {
                            label: extra > 0 ? "no-op provider, and the backups' time" : "no-op provider",
                            seconds: one.noop.median / 1000 + extra,
                            kind: "other",
                        },
                        {
                            label: "a provider with the same outputs",
                            seconds: one.stock.median / 1000,
                            kind: "other",
                        },
                        { label: "pulumi-cbr", seconds: one.ours.median / 1000, kind: "ours" },
                    ],
                };
            }),
        );
    if (groups.length > 0)
        panels.push({
            title: `${most} checkpoints, seconds (median of ${deployments[0]?.rounds} rounds; ${deployments[0]?.engine})`,
            groups,
            logarithmic: false,
        });
    if (peer.length > 0) {
        const title = `${peer[0]?.count} checkpoints, seconds of up or apply (logarithmic; ${peer[0]?.engine})`;
        const cases = peer.map((figures, index): Group => {
            const { parallel = 0, backupMs = 0 } = peerCases[index] ?? {};
            const others = peers.flatMap(({ name, seconds }): Bar[] => {
                const value = seconds[index];
                return value === undefined ? [] : [{ label: name, seconds: value, kind: "other" }];
            });
            const up = operationOf(figures, "up");
            return {
                title: `${parallel} in parallel, ${backupMs / 1000} s backups`,
                bars: [...others, { label: "pulumi-cbr", seconds: (up?.ours.median ?? 0) / 1000, kind: "ours" }],
            };
        });
        panels.push({ title, groups: cases, logarithmic: true });
    }
    return panels;
}

export function drawChart(results: Results): string {
    const parts: string[] = [];
    let y = 28;
    for (const panel of panelsOf(results)) {
        const most = Math.max(...panel.groups.flatMap((group) => group.bars.map((bar) => bar.seconds)));
        const room = WIDTH - LEFT - RIGHT;
        const length = (value: number) =>
            Math.max(
                1,
                panel.logarithmic ? (room * Math.log10(1 + value)) / Math.log10(1 + most) : (room * value) / most,
            );
        parts.push(`<text class="title" x="0" y="${y}">${inXml(panel.title)}</text>`);
        y += 14;
        for (const group of panel.groups) {
            y += 18;
            parts.push(`<text class="group" x="0" y="${y}">${inXml(group.title)}</text>`);
            y += 6;
            for (const bar of group.bars) {
                const width = length(bar.seconds).toFixed(1);
                const middle = y + BAR - 4;
                parts.push(
                    `<text class="label" x="${LEFT - 8}" y="${middle}" text-anchor="end">${inXml(bar.label)}</text>`,
                    `<rect class="${bar.kind}" x="${LEFT}" y="${y}" width="${width}" height="${BAR}" rx="2"/>`,
                    `<text class="label" x="${(LEFT + Number(width) + 6).toFixed(1)}" y="${middle}">${bar.seconds.toFixed(1)}</text>`,
                );
                y += BAR + GAP;
            }
        }
        y += 40;
    }
    const height = Math.max(40, y - 20);
    return [
        `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="Seconds of each operation beside a no-op provider and beside the Terraform provider">`,
        "<style>text{font-family:system-ui,sans-serif;fill:#7a7f87}.title{font-size:15px;font-weight:600}.group{font-size:13px;font-weight:600}.label{font-size:12px}.other{fill:#9aa0a8}.ours{fill:#3b82c4}</style>",
        ...parts,
        "</svg>",
        "",
    ].join("\n");
}
