import { expect, it } from "vitest";
import { RegionClocks } from "../../../provider/client/http/region-clocks";
import { FakeClock } from "../../support/fake-clock";

const answer = (date: string) => ({ status: 200, headers: { date }, body: "" });

it("is not known before the first answer, may then be wrong by a quarter of an hour, and after it by nothing", () => {
    const clocks = new RegionClocks(new FakeClock());
    expect([clocks.offsetMs("eu-de"), clocks.slackMs("eu-de")]).toEqual([0, 900_000]);
    clocks.note("eu-de", answer("nonsense"), 0);
    expect(clocks.slackMs("eu-de")).toBe(900_000);
    const clock = new FakeClock({ now: Date.UTC(2025, 0, 1, 12) });
    const known = new RegionClocks(clock);
    known.note("eu-de", answer("Wed, 01 Jan 2025 12:01:00 GMT"), clock.now());
    expect([known.offsetMs("eu-de"), known.slackMs("eu-de"), known.slackMs("eu-nl")]).toEqual([60_000, 0, 900_000]);
});

it("is moved by a slow answer only as far as that says for certain", () => {
    const clock = new FakeClock({ now: Date.UTC(2025, 0, 1, 12) });
    const clocks = new RegionClocks(clock);
    const sentAt = clock.now();
    clock.jump(30_000);
    clocks.note("eu-de", answer("Wed, 01 Jan 2025 12:00:10 GMT"), sentAt);
    expect(clocks.offsetMs("eu-de")).toBe(0);
});
