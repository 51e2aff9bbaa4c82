import { expect, it } from "vitest";
import { type CodeClass, lookUpCode } from "../../../provider/client/errors/error-codes";
import { documented } from "../../../sdk/testing/api/error-codes";

/** Every row of the vendors' error tables (api-notes: Codes before status), by what it means for us. `busy` where it says "retry later". */
const table: Readonly<Record<CodeClass, string>> = {
    busy: "0002 1001 2002 2010 4005 6125 6130 6134 6201 6203 6206 6216 7009 7302",
    retryFewTimes: "6115 6118 6121 9910",
    permanent:
        "0001 1005 1006 1011 2001 2003 2005 2007 2008 2009 2011 2012 2013 2014 2015 6000 6002 6100 6101 6102 6103 6104 6105 6112 6113 6114 6116 6119 6120 6122 6124 6128 6129 6135 6136 6137 6142 6200 6202 6204 6207 6208 6209 6210 6211 6212 6213 6214 6215 6217 6220 6300 6301 6302 6500 6501 7000 7001 7002 7003 7004 7006 7007 7008 7100 7101 7102 7103 7104 7105 7106 7107 7108 7109 7110 7111 7113 7114 7115 7117 7300 7301 8300 8600 9900",
    reauthenticate: "9998",
    throttled: "",
    gateway: "",
};

it.each(Object.entries(table))("knows CBR's codes that are %s", (kind, codes) => {
    const list = codes === "" ? [] : codes.split(" ");
    expect(list.filter((code) => lookUpCode(`BackupService.${code}`)?.class !== kind)).toEqual([]);
});

it("knows of CBR's codes those that the simulator can answer with, and no others", () => {
    const all = Array.from({ length: 10_000 }, (_, code) => `BackupService.${String(code).padStart(4, "0")}`);
    const unlisted = documented("BackupService.4711").message;
    const known = all.filter((code) => lookUpCode(code) !== undefined);
    expect(known).toEqual(all.filter((code) => documented(code).message !== unlisted));
    expect(known.length).toBeGreaterThan(90);
});

it("knows the gateway's codes under both of its names", () => {
    for (const service of ["APIGW", "APIG"]) {
        const classOf = (code: string) => lookUpCode(`${service}.${code}`)?.class;
        expect(classOf("0308")).toBe("throttled");
        expect(["0301", "0303", "0307"].map(classOf)).toEqual(["reauthenticate", "reauthenticate", "reauthenticate"]);
        for (const code of ["0302", "0304", "0306", "0310", "0401", "0402", "0404", "0801", "0802", "0101", "0103"])
            expect(classOf(code), code).toBe("permanent");
        for (const code of ["0601", "0605", "0606", "0608", "0609", "0610", "0611", "0612", "0613", "0705"])
            expect(classOf(code), code).toBe("gateway");
    }
});

it("knows the two codes of CBR's predecessor", () => {
    expect(lookUpCode("CSBS.2003")?.class).toBe("busy");
    expect(lookUpCode("CSBS.3001")).toMatchObject({ class: "permanent", notFound: "backup" });
    expect(lookUpCode("CSBS.3002")).toBeUndefined();
});

it("names the object that is gone, for the four objects that can be asked for", () => {
    const gone = Object.values(table)
        .flatMap((codes) => codes.split(" "))
        .map((code) => [code, lookUpCode(`BackupService.${code}`)?.notFound] as const)
        .filter(([, object]) => object !== undefined);
    expect(gone).toEqual([
        ["6105", "vault"],
        ["6200", "backup"],
        ["6217", "checkpoint"],
        ["6500", "operation-log"],
        ["6501", "operation-log"],
    ]);
});

it("says what to do about the codes that users meet", () => {
    const advice = (code: string) => lookUpCode(code)?.advice ?? "";
    expect(advice("BackupService.6204")).toContain("delete the image first");
    expect(advice("BackupService.6220")).toContain("locked vault");
    expect(advice("BackupService.6119")).toContain("destinationVaultId");
    expect(advice("BackupService.7300")).toContain("hybrid-cloud");
    expect(advice("APIGW.0303")).toContain("clock");
    expect(advice("APIGW.0302")).toContain("docs/permissions.md");
});

it("knows nothing of codes that no page lists", () => {
    for (const code of ["", "6217", "401", "BackupService", "BackupService.", "BackupService.4711", "IAM.0061"])
        expect(lookUpCode(code), code).toBeUndefined();
});

it("is not fooled by names that every object has", () => {
    for (const code of [
        "BackupService.constructor",
        "APIGW.toString",
        "BackupService.__proto__",
        "APIG.hasOwnProperty",
    ])
        expect(lookUpCode(code), code).toBeUndefined();
});
