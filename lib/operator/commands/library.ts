import { z } from "zod";
import { ensureLibrary, LIBRARY_NAME, LibraryMismatchError, librarySource } from "../../kernel/library.ts";
import { operatorCommand } from "../command.ts";

/** Loads this release's server-side functions; what daemons may not do. */
export const libraryLoadCommand = operatorCommand({
  path: "library load",
  summary: "load this release's server-side functions, replacing altered ones of the same version",
  input: z.object({}),
  question: () => `Load ${LIBRARY_NAME} of this release into Redis?`,
  async run(context) {
    const before = await ensureLibrary(context.redis).then(
      () => "present",
      (error: unknown) => {
        if (error instanceof LibraryMismatchError) return "altered";
        throw error;
      },
    );
    if (before === "altered") await context.redis.command(["FUNCTION", "LOAD", "REPLACE", librarySource()]);
    const done = before === "altered" ? "replaced" : "in place";
    return { json: { library: LIBRARY_NAME, done }, lines: [`${LIBRARY_NAME} is ${done}`] };
  },
});
