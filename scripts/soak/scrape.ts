import { SOAK_ROLES, type SoakStack } from "./soak-stack.ts";

const PATIENCE_MS = 5000;

/** What Prometheus and a person at the status page ask for. Who hangs or is between two lives is left out. */
export async function scrapeAll(stack: SoakStack): Promise<void> {
  const urls = SOAK_ROLES.map((name) => `${stack.role(name).url}/metrics`);
  for (const url of [...urls, `${stack.role("safety-telemetry").url}/`]) {
    await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) }).then(
      (reply) => reply.arrayBuffer(),
      () => undefined,
    );
  }
}
