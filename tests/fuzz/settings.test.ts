import { afterAll } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseEnv } from "node:util";
import fc from "fast-check";
import { GENESIS, readLine, sealLine } from "../../lib/auditing/audit-line.ts";
import { verifyFiles } from "../../lib/auditing/verify-files.ts";
import { systemClock } from "../../lib/daemon/clock.ts";
import { readConfiguration } from "../../lib/daemon/configuration.ts";
import { ConfigurationError } from "../../lib/daemon/configuration-fault.ts";
import { haltFileStands } from "../../lib/daemon/halt-file.ts";
import { KNOWN_SETTINGS } from "../../lib/daemon/known-settings.ts";
import { haltMarker } from "../../lib/emergency/halt-marker.ts";
import { executionSettingFaults, executionSettings } from "../../lib/execution/settings.ts";
import { OPERATOR_COMMANDS } from "../../lib/operator/commands.ts";
import { runProgram } from "../../lib/operator/program.ts";
import { UsageError } from "../../lib/operator/usage-error.ts";
import { recoverySettings } from "../../lib/recovery/settings.ts";
import { isAmount, isWhole } from "./allowed.ts";
import { fuzz, must } from "./fuzz.ts";
import { garbled, hostileText } from "./hostile.ts";

const folder = mkdtempSync(join(tmpdir(), "fuzz-files-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const SECRET = "hunter2-very-secret";

const RIGHT = {
  ...{ TRADING_MODE: "PAPER", ADMIN_PORT: "0", MIN_NOTIONAL_USD: "25 # comment", MAX_LEVERAGE: "20" },
  ...{ EXCHANGE_REST_URL: "http://127.0.0.1:8099", REDIS_URL: `redis://u:${SECRET}@127.0.0.1:6379` },
  ...{ ADMIN_TOKEN: SECRET, GATE_MODE: "auto", INTENT_MAX_AGE_SEC: "600", RECV_WINDOW_MS: "2000" },
};
const names = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...KNOWN_SETTINGS.filter((name) => name !== "REDIS_URL")) },
  { weight: 1, arbitrary: fc.constantFrom("MAX_LEVERAG", "SAFETY_", "GATE_MOD", "PATH", "__proto__", "") },
);
const environment = fc
  .dictionary(
    names,
    fc.oneof(hostileText, fc.constantFrom("PAPER", "LIVE", "TESTNET", "1", "0", "true", "20", "# x")),
    { maxKeys: 5 },
  )
  .map((changes) => ({ ...RIGHT, ...changes }));

fuzz("settings are within their bounds, or every fault is named, and no secret with it", {
  input: environment,
  check: (given) => {
    const spec = { role: "execution", settings: executionSettings, check: executionSettingFaults } as const;
    try {
      const settings = readConfiguration({ spec, environment: given, hostname: "host-1" });
      must(settings.TRADING_MODE === "PAPER" || !/paper/.test(given.EXCHANGE_REST_URL), "mode", settings);
      must(
        isWhole(settings.MAX_LEVERAGE, 1, 125) && isWhole(settings.INTENT_MAX_AGE_SEC, 1, 86_400 * 365),
        "bounds",
        settings,
      );
      must(isAmount(settings.MIN_NOTIONAL_USD), "amount", settings.MIN_NOTIONAL_USD);
      must(!JSON.stringify(settings).includes(SECRET), "no secret", settings);
      must(settings.TRADING_MODE === "PAPER", "with these addresses only PAPER may start", settings);
    } catch (error) {
      must(
        error instanceof ConfigurationError && error.faults.length > 0,
        "only configuration faults",
        error,
      );
      must(!error.message.includes(SECRET), "no secret", error.message);
    }
  },
});

fuzz("a settings file of any text gives settings or faults", {
  input: garbled(
    fc.constant(
      Object.entries(RIGHT)
        .map(([name, value]) => `${name}=${value}`)
        .join("\n"),
    ),
  ),
  check: (text) => {
    const spec = { role: "stream-recover", settings: recoverySettings } as const;
    try {
      readConfiguration({ spec, environment: parseEnv(text), hostname: "host-1" });
    } catch (error) {
      must(error instanceof ConfigurationError, "only configuration faults", error);
    }
  },
});

const WORDS = OPERATOR_COMMANDS.flatMap(({ path, options }) => [
  ...path.split(" "),
  ...options.flatMap(([flags]) => /--[a-z-]+/.exec(flags) ?? []),
]);

fuzz("quantumctl takes a command line or says what is wrong with it, and asks before it acts", {
  input: fc.array(
    fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...WORDS, "--json", "--help") }, hostileText),
    { maxLength: 6 },
  ),
  check: async (argv) => {
    let acted = false;
    const lines: string[] = [];
    const say = (line: string) => void lines.push(line);
    const terminal = { out: say, err: say, interactive: false, confirm: async () => false };
    const commands = OPERATOR_COMMANDS.map((command) => ({
      ...command,
      prepare: (raw: Readonly<Record<string, unknown>>) => {
        const prepared = command.prepare(raw);
        const report = async () => ({ json: null, lines: [] });
        return prepared.kind === "standalone" ? { ...prepared, run: report } : prepared;
      },
    }));
    const world = {
      clock: systemClock,
      environment: {},
      binaries: folder,
      who: "fuzz",
      signal: new AbortController().signal,
    };
    const openContext = () => {
      acted = true;
      return Promise.reject(new UsageError("nothing is opened in here"));
    };
    try {
      const code = await runProgram({ version: "0", commands, terminal, world, openContext }, argv);
      must([0, 1, 64].includes(code), "exit code", { argv, code });
    } catch (error) {
      must(error instanceof UsageError, "only wrong usage", error);
    }
    const mutates = argv.includes("kill") || argv.includes("arm") || argv.includes("panic");
    const first = argv.find((word) => !word.startsWith("-"));
    if (acted && mutates && (first === "arm" || first === "panic"))
      must(argv.includes("--yes") || argv.includes("-y"), "asked before", argv);
  },
});

fuzz("a sealed line is read as it was written; any other byte of it is seen", {
  input: fc.record({
    fields: fc.dictionary(hostileText, hostileText, { maxKeys: 4 }),
    at: fc.nat(),
    flip: fc.integer({ min: 1, max: 255 }),
  }),
  check: ({ fields, at, flip }) => {
    const { text, head } = sealLine(GENESIS, { stream: "s", id: "1-1", fields });
    const bytes = Buffer.from(text.slice(0, -1));
    const read = readLine(bytes);
    must(read.kind === "line" && read.head.hash === head.hash, "it is read", { read, text });
    const place = at % bytes.length;
    bytes[place] = (bytes[place] ?? 0) ^ flip;
    must(readLine(bytes).kind === "unreadable", "an edit is seen", bytes.toString());
  },
});

fuzz("audit files of any bytes are verified or their problems told", {
  share: 0.3,
  input: fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      hostileText.map((text) => Buffer.from(`${text}\n`)),
    ),
    { maxLength: 3 },
  ),
  check: (contents) => {
    const files = contents.map((bytes, at) => {
      const path = join(folder, `audit-${at}`);
      writeFileSync(path, bytes);
      return path;
    });
    const { lines, problems } = verifyFiles(files);
    must(lines === 0 || problems.length > 0, "no garbage is a chain", { lines, problems });
  },
});

fuzz("a halt file of any content halts, and only one of ours is taken away", {
  share: 0.3,
  input: fc.oneof(
    hostileText.map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 60 }),
  ),
  check: (bytes) => {
    const path = join(folder, "halted");
    writeFileSync(path, bytes);
    must(haltFileStands(path), "halted", bytes);
    const marker = haltMarker(path);
    must(marker.standing() === "foreign", "foreign", bytes);
    marker.takeOwn();
    must(haltFileStands(path), "still halted", bytes);
  },
});
