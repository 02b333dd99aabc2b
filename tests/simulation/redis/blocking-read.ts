/** The stream and patience of a read that blocks; undefined for every other command. */
export function blockedRead(
  args: readonly string[],
): { readonly stream: string; readonly blockMs: number } | undefined {
  if (args[0] !== "XREADGROUP" && args[0] !== "XREAD") return undefined;
  const at = args.indexOf("BLOCK");
  if (at < 0) return undefined;
  const stream = args[args.indexOf("STREAMS") + 1];
  if (stream === undefined) throw new Error(`${args.join(" ")} names no stream`);
  return { stream, blockMs: Number(args[at + 1]) };
}

/** The same read, which answers at once. */
export function withoutBlock(args: readonly string[]): readonly string[] {
  const at = args.indexOf("BLOCK");
  return [...args.slice(0, at), ...args.slice(at + 2)];
}

/** Keys of the server-side functions that append, by position: those of the streams that somebody may be waiting for. */
const APPENDS: Readonly<Record<string, readonly number[]>> = {
  admit_v1: [1, 2],
  admit_exits_v1: [1, 2],
  settle_v1: [12],
};

/** The streams in which a command may leave new entries, or which it may end a wait for. */
export function mayAppendTo(args: readonly string[]): readonly string[] {
  const [name, second = "", third] = args;
  if (name === "XADD" || name === "DEL") return [second];
  if (name === "XGROUP" && third !== undefined) return [third];
  if (name === "FCALL") return (APPENDS[second] ?? []).map((at) => args[3 + at] ?? "");
  return [];
}
