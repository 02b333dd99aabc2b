import { runDaemon } from "../lib/daemon/run-daemon.ts";
import { createPaperDaemon } from "../lib/paper/paper-daemon.ts";
import { PAPER_SHAPE } from "../lib/paper/settings.ts";

void runDaemon({
  role: "paper-exchange",
  settings: PAPER_SHAPE,
  build: (context) =>
    createPaperDaemon(context, {
      // Epoch with microseconds: benches compare it with when a decision was appended.
      preciseMs: () => performance.timeOrigin + performance.now(),
    }),
});
