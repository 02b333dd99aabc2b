import { accessSync, constants, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { ConfigurationError } from "./configuration-fault.ts";
import { loadLibc } from "./libc.ts";

const LOCK_EXCLUSIVE_NOW = 2 | 4;

/**
 * Makes the state folder if needed and locks it for this instance until the process ends. The lock is the
 * kernel's (flock): it is gone with the process, also after kill -9, and the file that stays means nothing.
 * Throws ConfigurationError when the folder is unusable or another process of the instance holds it.
 */
export async function lockStateFolder(folder: string, instance: string): Promise<void> {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o750 });
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw fault(`${folder} must be a folder that this process may create and write: ${why}`);
  }
  const path = join(folder, `${instance}.lock`);
  const fd = openLockFile(path);
  const libc = await loadLibc();
  if (libc.flock(fd, LOCK_EXCLUSIVE_NOW) !== 0) {
    const holder = readFileSync(path, "utf8").trim();
    const running = `process ${holder || "?"} runs as instance ${instance} on ${folder} already`;
    throw fault(`${running}; stop it, or give this one another QUANTUM_INSTANCE`);
  }
  try {
    // For the message of the one that comes too late; the descriptor stays open for the process's life.
    ftruncateSync(fd, 0);
    writeSync(fd, `${process.pid}\n`, 0);
  } catch {
    // The lock is held without it: a full disk must not keep a guard from starting.
  }
}

function openLockFile(path: string): number {
  try {
    return openSync(path, constants.O_RDWR | constants.O_CREAT, 0o640);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw fault(`the lock file ${path} cannot be written: ${why}`);
  }
}

function fault(problem: string): ConfigurationError {
  return new ConfigurationError([{ name: "STATE_DIR", problem }]);
}
