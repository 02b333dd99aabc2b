import { readFileSync } from "node:fs";
import { join } from "node:path";
import { plugin } from "bun";

/** One exact piece of a source file, and what stands there instead. */
export interface SourceChange {
  /** From the root of the repository. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const ROOT = join(import.meta.dir, "..", "..", "..");
const client = JSON.stringify(join(import.meta.dir, "..", "redis", "simulated-client.ts"));

/** Where a simulated process meets what is not simulated: changed in every run. */
const SEAMS: readonly SourceChange[] = [
  {
    file: "lib/redis/wire-client.ts",
    from: 'import { ClientClosedError, ClientOfflineError, ErrorReply, RedisClient } from "@redis/client";',
    to:
      'import { ClientClosedError, ClientOfflineError, ErrorReply } from "@redis/client";' +
      `import { SimulatedRedisClient as RedisClient } from ${client};`,
  },
];

/**
 * Makes every source file that a change names load changed in this process; call it before anything of lib/ is
 * imported. Throws when the piece is not in its file exactly once: a change that no longer fits must not pass for one
 * that finds nothing.
 */
export function changeSources(changes: readonly SourceChange[]): void {
  const changed = new Map<string, string>();
  for (const { file, from, to } of [...SEAMS, ...changes]) {
    const path = join(ROOT, file);
    const source = changed.get(path) ?? readFileSync(path, "utf8");
    const pieces = source.split(from);
    if (pieces.length !== 2) throw new Error(`${file} holds ${pieces.length - 1} times: ${from}`);
    changed.set(path, pieces.join(to));
  }
  plugin({
    name: "simulation",
    setup: (build) => {
      build.onLoad({ filter: /\/lib\/.*\.(?:ts|lua)$/ }, ({ path }) => {
        const contents = changed.get(path) ?? readFileSync(path, "utf8");
        if (path.endsWith(".ts")) return { contents, loader: "ts" };
        return { contents: `export default ${JSON.stringify(contents)};`, loader: "js" };
      });
    },
  });
}
