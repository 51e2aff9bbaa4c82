import fc from "fast-check";
import type { Fault } from "../../sdk/testing/index";

const effects = fc.constantFrom<Fault["effect"]>(
    "reset-before",
    "reset-after-effect",
    "truncate",
    "cut-body",
    [{ status: 400, code: "BackupService.6125" }, "cut-body"],
    { status: 403, shape: "html" },
    { status: 403, shape: "html", afterEffect: true },
    "status-after-effect",
    "token-expired",
    "throttled",
    { status: 429, code: "APIGW.0308", retryAfter: 3 },
    { status: 500, code: "BackupService.0002" },
    { status: 400, code: "BackupService.6125" },
    { status: 502, shape: "html" },
    { status: 503, shape: "empty" },
    { status: 504, shape: "html" },
    { status: 504, shape: "html", afterEffect: true },
    { status: 504, shape: "html", effectAfterMs: 40_000 },
    { status: 500, code: "APIGW.0601", shape: "gateway" },
);
/** Up to five faults around a POST: of its own answer, and of the reads that follow. */
export const faultsFor = (post: string) =>
    fc.array(
        fc.record({
            operation: fc.oneof(
                { weight: 3, arbitrary: fc.constant(post) },
                {
                    weight: 1,
                    arbitrary: fc.constantFrom(
                        "ListBackups",
                        "ShowCheckpoint",
                        "ShowBackup",
                        "ListOpLogs",
                        "ShowOpLog",
                    ),
                },
            ),
            nth: fc.integer({ min: 1, max: 3 }),
            times: fc.integer({ min: 1, max: 2 }),
            effect: effects,
        }),
        { minLength: 1, maxLength: 5 },
    );
