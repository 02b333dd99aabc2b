import { Hono } from "hono";
import { z } from "zod";
import { jsonBody, recordChange } from "../../lib/daemon/admin-request.ts";
import { runDaemon } from "../../lib/daemon/run-daemon.ts";
import { integerSetting } from "../../lib/daemon/settings-number.ts";
import { booleanSetting, choiceSetting } from "../../lib/daemon/settings-text.ts";

/** The smallest daemon that shows every turn of a life; compiled and driven by the life-cycle tests. */
const settings = {
  SAFETY_WINDOW_SEC: integerSetting({ fallback: 10, min: 1, max: 3600, description: "Any setting." }),
  FIXTURE_READY: booleanSetting({ fallback: true, description: "Whether its dependency is well." }),
  FIXTURE_END: choiceSetting({
    choices: ["on-signal", "never", "by-itself", "throws", "unhandled"],
    fallback: "on-signal",
    description: "How its loop ends.",
  }),
};

void runDaemon({
  role: "execution",
  settings,
  build(context) {
    let value = "0";
    const routes = new Hono();
    routes.get("/value", (request) => request.json({ value }));
    routes.put("/value", async (request) => {
      const body = await jsonBody(request, z.strictObject({ value: z.string() }));
      recordChange(request, { before: value, after: body.value });
      value = body.value;
      return request.json({ value });
    });
    return {
      routes,
      dependencies: () => [{ name: "fixture", ok: context.settings.FIXTURE_READY, detail: "as set" }],
      async run(signal) {
        if (context.settings.FIXTURE_END === "by-itself") return;
        if (context.settings.FIXTURE_END === "throws") throw new Error("the loop failed");
        if (context.settings.FIXTURE_END === "unhandled") void Promise.reject(new Error("nobody waits"));
        while (!signal.aborted) {
          context.beat();
          await context.clock.sleep(50, signal);
        }
        if (context.settings.FIXTURE_END === "never") await new Promise(() => undefined);
      },
    };
  },
});
