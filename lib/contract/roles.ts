/**
 * One name a role, everywhere: cmd file, binary suffix, unit, log field, metric label, role key.
 * `adminPort` is the default of ADMIN_PORT; a role without one serves no admin server.
 */
export const ROLES = {
  "ai-strategy-router": { binary: "quantum-ai-strategy-router", adminPort: 9101, consumer: "router" },
  execution: { binary: "quantum-execution", adminPort: 8002, consumer: "execution" },
  "exit-brain": { binary: "quantum-exit-brain", adminPort: 8008, consumer: "exit-brain" },
  "exit-brain-watchdog": {
    binary: "quantum-exit-brain-watchdog",
    adminPort: 9103,
    consumer: "exit-brain-watchdog",
  },
  "emergency-exit-worker": {
    binary: "quantum-emergency-exit-worker",
    adminPort: 9104,
    consumer: "emergency-exit-worker",
  },
  "safety-telemetry": { binary: "quantum-safety-telemetry", adminPort: 9105, consumer: "safety-telemetry" },
  "stream-recover": { binary: "quantum-stream-recover", adminPort: undefined, consumer: "stream-recover" },
  "audit-logger": { binary: "quantum-audit-logger", adminPort: 9106, consumer: "audit-logger" },
  "paper-exchange": { binary: "quantum-paper-exchange", adminPort: 8099, consumer: "paper-exchange" },
  quantumctl: { binary: "quantumctl", adminPort: undefined, consumer: "quantumctl" },
} as const;

export type Role = keyof typeof ROLES;

/**
 * The consumer name of a role's instance. Stable across restarts on purpose: a process id in it leaves a
 * ghost consumer with pending entries at every restart.
 */
export function consumerName(role: Role, instance: string): string {
  return `${ROLES[role].consumer}-${instance}`;
}
