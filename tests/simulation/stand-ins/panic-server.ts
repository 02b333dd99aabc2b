import { writeFileSync } from "node:fs";
import { activeSimulation } from "../engine/active-simulation.ts";

interface Application {
  fetch(request: Request): Response | Promise<Response>;
}

/** Stands in for the server of the panic socket: the path is a file, and callers find it by that path. */
export function serveLocally(
  app: Application,
  address: { readonly unixSocket: string },
): { readonly url: string; stop(): Promise<void> } {
  const { local, timeline } = activeSimulation();
  writeFileSync(address.unixSocket, "");
  local.serve(address.unixSocket, timeline.current, (request) => app.fetch(request));
  return { url: "unix://panic", stop: () => Promise.resolve() };
}

/** One process an instance is what the simulated service manager starts. */
export function lockNothing(): Promise<void> {
  return Promise.resolve();
}
