import type { Hono } from "hono";
import type { Registry } from "prom-client";
import type { z } from "zod";
import type { AuditEntry } from "../contract/audit-entry.ts";
import type { Role } from "../contract/roles.ts";
import type { BuildIdentity } from "./build-identity.ts";
import type { Clock } from "./clock.ts";
import type { ConfigurationFault } from "./configuration-fault.ts";
import type { Logger } from "./logger.ts";
import type { CommonShape } from "./settings-common.ts";

/** Environment variable → schema, made by the `*Setting` functions. */
export type SettingsShape = Readonly<Record<string, z.ZodType>>;

/** The role's settings and the common ones; a role may redeclare a common one. */
export type SettingsOf<Shape extends SettingsShape> = {
  readonly [Name in keyof Shape]: z.output<Shape[Name]>;
} & {
  readonly [Name in Exclude<keyof CommonShape, keyof Shape>]: z.output<CommonShape[Name]>;
};

/** One thing that has to work for the role to be ready; shown by `/readyz`. */
export interface Dependency {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** What a role gets from the runtime. Nothing else reads time, environment or random. */
export interface DaemonContext<Settings> {
  readonly role: Role;
  readonly settings: Settings;
  readonly instance: string;
  /** New with every process: instance + boot id is the owner of what this process does. */
  readonly bootId: string;
  readonly build: BuildIdentity;
  /** Exists, writable, locked for this instance. */
  readonly stateDir: string;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
  readonly registry: Registry;
  /** The loop made progress: feeds `/healthz` and the service manager's watchdog. Never call it from a timer. */
  beat(): void;
}

/** Requests outside the admin paths, under the role's own rules: the paper exchange's venue API. */
export interface OpenSurface {
  fetch(request: Request, server: Bun.Server<unknown>): Response | undefined | Promise<Response | undefined>;
  readonly websocket?: Bun.WebSocketHandler<unknown>;
}

/** What a role is made of, as the runtime sees it. */
export interface DaemonParts {
  /** Mounted at `/v1`; paths are relative: `/safe-mode`. */
  readonly routes?: Hono;
  readonly openSurface?: OpenSurface;
  /** Cheap and synchronous: asked at every `/readyz` and while starting. READY=1 when all are ok once. */
  dependencies(): readonly Dependency[];
  /**
   * The role's loop. Resolves after the signal aborted and what was in flight is done; a rejection, or an
   * end without the signal, ends the process with 1 (ProcessExit: with its code).
   */
  run(signal: AbortSignal): Promise<void>;
  /** After `run` ended: close connections. */
  close?(): Promise<void>;
  /** Records an operator's mutation (quantum:stream:audit); called for every successful one. */
  audit?(entry: AuditEntry): Promise<void>;
  /** The venue account's fingerprint, for `/version`. */
  account?(): string | undefined;
}

export interface DaemonSpec<Shape extends SettingsShape> {
  readonly role: Role;
  readonly settings: Shape;
  /**
   * Faults that concern several settings. A setting that is itself at fault is undefined here, so that
   * every fault is found in one start.
   */
  check?(settings: Partial<SettingsOf<Shape>>): readonly ConfigurationFault[];
  /** Puts the parts together; nothing of it may wait for Redis or the venue. */
  build(context: DaemonContext<SettingsOf<Shape>>): DaemonParts | Promise<DaemonParts>;
  /** What the binary does besides being a daemon, as `--help` shows it. */
  readonly alsoDoes?: readonly string[];
  /** `/healthz` fails when the last beat is older. Default 10 000. */
  readonly beatAgeMsMax?: number;
  /** Memory of the start is given back after READY, for a pause of some 10 ms: where nobody waits for the role. */
  readonly givesStartMemoryBack?: boolean;
}
