import { describe, expect, test } from "bun:test";
import { actIn } from "./walled-off.ts";

describe.each([
  ["LIVE", ["fapi.binance.com", "fstream.binance.com"]],
  ["TESTNET", ["demo-fapi.binance.com", "fstream.binancefuture.com"]],
] as const)("as compiled binaries in %s, over TLS and under the venue's own names", (mode, hosts) => {
  test("trades, refuses other modes and ends a failure of the exit brain flat", async () => {
    const seen = await actIn(mode, hosts);
    expect(seen.hosts).toEqual([...hosts].sort());
    expect(seen.modeRecorded).toBe(mode);
    const [valid, gated, wrong] = seen.endings;
    expect(valid?.status).toBe("filled");
    // LIVE audits its gates until somebody enforces them; the others enforce.
    expect(gated?.status).toBe(mode === "LIVE" ? "filled" : "gate_blocked");
    expect(wrong).toEqual({ status: "denied", orderId: "BLOCKED_STOP_WRONG_SIDE" });
    expect(seen.intruder.code).toBe(78);
    expect(seen.intruder.said).toContain(mode);
    expect(seen.recovery.code).toBe(0);
    expect(seen.recovery.said).toContain(`"refusedInLive":${mode === "LIVE"}`);
    expect(seen.panic).toEqual({ closed: mode === "LIVE" ? 2 : 1, failed: 0, openAfter: 0 });
  });
});
