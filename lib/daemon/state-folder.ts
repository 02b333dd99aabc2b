import { accessSync, constants, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { ConfigurationError } from "./configuration-fault.ts";
import { loadLibc } from "./libc.ts";

/** What two processes must not share, and what makes them differ. */
const TO_CHANGE = { STATE_DIR: "QUANTUM_INSTANCE", PANIC_SOCKET: "PANIC_SOCKET" } as const;
export type LockSetting = keyof typeof TO_CHANGE;

const LOCK_EXCLUSIVE_NOW = 2 | 4;

/**
 * Makes the state folder if needed and locks it for this instance until the process ends. The lock is the
 * kernel's (flock): it is gone with the process, also after kill -9, and the file that stays means nothing.
 * Throws ConfigurationError, naming the setting that says where it is, when the folder is unusable or another process
 * of the instance holds it.
 */
export async function lockStateFolder(
  folder: string,
  instance: string,
  setting: LockSetting = "STATE_DIR",
): Promise<void> {
  const fault = (problem: string) => new ConfigurationError([{ name: setting, problem }]);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o750 });
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw fault(`${folder} must be a folder that this process may create and write: ${why}`);
  }
  const path = join(folder, `${instance}.lock`);
  const fd = openLockFile(path, fault);
  const libc = await loadLibc();
  if (libc.flock(fd, LOCK_EXCLUSIVE_NOW) !== 0) {
    const holder = readFileSync(path, "utf8").trim() || "?";
    const has =
      setting === "STATE_DIR"
        ? `runs as instance ${instance} on ${folder}`
        : `listens on ${folder}/${instance}`;
    throw fault(`process ${holder} ${has} already; stop it, or give this one another ${TO_CHANGE[setting]}`);
  }
  try {
    // For the message of the one that comes too late; the descriptor stays open for the process's life.
    ftruncateSync(fd, 0);
    writeSync(fd, `${process.pid}\n`, 0);
  } catch {
    // The lock is held without it: a full disk must not keep a guard from starting.
  }
}

function openLockFile(path: string, fault: (problem: string) => ConfigurationError): number {
  try {
    return openSync(path, constants.O_RDWR | constants.O_CREAT, 0o640);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw fault(`the lock file ${path} cannot be written: ${why}`);
  }
}
