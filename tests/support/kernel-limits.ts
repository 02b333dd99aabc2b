import type { KernelLimits } from "../../lib/telemetry/collector.ts";

/** The defaults, as the exporter is told of them. */
export const KERNEL_LIMITS: KernelLimits = {
  ...{ windowSec: 10, globalMax: 20, symbolMax: 5, dailyMax: 200, backlogMax: 1000, faultLookbackMax: 2000 },
};
