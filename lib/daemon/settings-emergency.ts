import { textSetting } from "./settings-text.ts";

const ABSOLUTE_PATH = { pattern: /^\//, expected: "an absolute path" } as const;

/** Where the emergency chain meets without Redis: one default for everyone who writes or reads it. */
export const haltSettings = {
  HALT_FILE: textSetting({
    fallback: "/run/quantum/halted",
    ...ABSOLUTE_PATH,
    description: "While this file exists no entry is sent.",
  }),
} as const;

/** For the worker, who listens there, and the watchdog, who calls. */
export const panicSocketSettings = {
  PANIC_SOCKET: textSetting({
    fallback: "/run/quantum/panic.sock",
    ...ABSOLUTE_PATH,
    description: "Unix socket on which the emergency exit worker takes a panic without Redis.",
  }),
} as const;
