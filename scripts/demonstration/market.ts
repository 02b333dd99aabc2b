import { basename } from "node:path";

/** Rows of a recorded market, so that its speed can be chosen to fit the run. */
export async function readRecordingSpan(
  file: string,
): Promise<{ readonly kind: "bars" | "quotes"; readonly ms: number }> {
  const bytes = await Bun.file(file).bytes();
  const text = new TextDecoder().decode(file.endsWith(".gz") ? Bun.gunzipSync(bytes) : bytes);
  const lines = text.trimEnd().split("\n");
  const kind = (lines[0] ?? "").includes("bid_price") ? "quotes" : "bars";
  const instant = (line: string | undefined) => {
    const first = (line ?? "").split(",")[0] ?? "";
    return /^\d+$/.test(first)
      ? Number(first)
      : Date.parse(`${first.replace(" ", "T").replace(/(\+00:00|Z)$/, "")}Z`);
  };
  const ms = instant(lines.at(-1)) - instant(lines[1]);
  if (!Number.isFinite(ms) || ms <= 0)
    throw new Error(`${basename(file)}: its first column is no rising time`);
  return { kind, ms };
}
