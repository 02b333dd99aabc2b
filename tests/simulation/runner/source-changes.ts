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
const simulated = (file: string) => JSON.stringify(join(import.meta.dir, "..", file));

const stand = (file: string, from: string, to: string): SourceChange => ({ file, from, to });

const RUN_DAEMON = 'import { runDaemon } from "../lib/daemon/run-daemon.ts";';
const keepDaemon = `import { keepDaemon as runDaemon } from ${simulated("stand-ins/daemon-runtime.ts")};`;
const DAEMONS = [
  "ai-strategy-router",
  "execution",
  "exit-brain",
  "exit-brain-watchdog",
  "emergency-exit-worker",
];

/** Where a simulated process meets what is not simulated: changed in every run. */
const SEAMS: readonly SourceChange[] = [
  ...DAEMONS.map((name) => stand(`cmd/${name}.ts`, RUN_DAEMON, keepDaemon)),
  stand(
    "cmd/stream-recover.ts",
    'import { runOneshot } from "../lib/daemon/run-oneshot.ts";',
    `import { keepAct as runOneshot } from ${simulated("stand-ins/daemon-runtime.ts")};`,
  ),
  stand("cmd/stream-recover.ts", "print: (text) => void writeSync(2,", "print: (text) => void Object.is(2,"),
  // Retention is ten thousand entries: a run has some dozens, and trimming is to happen in it.
  stand(
    "lib/contract/groups.ts",
    "{ stream: keys.decisionStream, groups: [GROUPS.router], optionalGroups: [], entriesKept: 10_000 }",
    "{ stream: keys.decisionStream, groups: [GROUPS.router], optionalGroups: [], entriesKept: 5 }",
  ),
  stand(
    "lib/contract/groups.ts",
    "{ stream: keys.intentStream, groups: [GROUPS.executionIntents], optionalGroups: [], entriesKept: 10_000 }",
    "{ stream: keys.intentStream, groups: [GROUPS.executionIntents], optionalGroups: [], entriesKept: 2 }",
  ),
  // A watchdog's patience with an exit brain that it has never seen, without positions: half a minute is a whole run.
  stand("lib/emergency/watchdog/watch-limits.ts", "graceFlat: 30_000,", "graceFlat: 6000,"),
  // How long a dead instance passes for alive: six beats, of a second instead of five.
  stand("lib/contract/lifetimes.ts", "roleBeat: 30,", "roleBeat: 6,"),
  stand(
    "lib/redis/role-beat.ts",
    "let waitMs = options.everyMs ?? 5000;",
    "let waitMs = options.everyMs ?? 1000;",
  ),
  stand("cmd/ai-strategy-router.ts", "pid: process.pid", "pid: 1"),
  stand(
    "cmd/exit-brain-watchdog.ts",
    'import { randomUUID } from "node:crypto";',
    `import { simulatedUuid as randomUUID } from ${simulated("stand-ins/uuid.ts")};`,
  ),
  stand(
    "lib/redis/wire-client.ts",
    'import { ClientClosedError, ClientOfflineError, ErrorReply, RedisClient } from "@redis/client";',
    'import { ClientClosedError, ClientOfflineError, ErrorReply } from "@redis/client";' +
      `import { SimulatedRedisClient as RedisClient } from ${simulated("stand-ins/simulated-client.ts")};`,
  ),
  stand(
    "lib/redis/plain-wire.ts",
    "export async function openPlainWire(",
    'export { openWireClient as openPlainWire } from "./wire-client.ts";\nexport async function openRealPlainWire(',
  ),
  stand(
    "lib/emergency/watchdog/latch-store.ts",
    'import { open, readFile, rename } from "node:fs/promises";',
    `import { open, readFile, rename } from ${simulated("stand-ins/disk.ts")};`,
  ),
  stand(
    "lib/emergency/worker/panic-journal.ts",
    "const appendTo = promisify(appendFile);\nconst syncData = promisify(fdatasync);\nconst closeFile = promisify(close);",
    `void [appendFile, fdatasync, close, promisify];\nimport { appendTo, closeFile, syncData } from ${simulated("stand-ins/disk.ts")};`,
  ),
  stand(
    "lib/emergency/worker/panic-socket.ts",
    'import { type AdminServer, serveAdmin } from "../../daemon/admin-server.ts";',
    'import type { AdminServer } from "../../daemon/admin-server.ts";' +
      `import { serveLocally as serveAdmin } from ${simulated("stand-ins/panic-server.ts")};`,
  ),
  stand(
    "lib/emergency/worker/panic-socket.ts",
    'import { lockStateFolder } from "../../daemon/state-folder.ts";',
    `import { lockNothing as lockStateFolder } from ${simulated("stand-ins/panic-server.ts")};`,
  ),
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
      build.onLoad({ filter: /\/(?:cmd|lib)\/.*\.(?:ts|lua)$/ }, ({ path }) => {
        const contents = changed.get(path) ?? readFileSync(path, "utf8");
        if (path.endsWith(".ts")) return { contents, loader: "ts" };
        return { contents: `export default ${JSON.stringify(contents)};`, loader: "js" };
      });
    },
  });
}
