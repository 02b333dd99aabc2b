import { AdminError } from "../../daemon/admin-request.ts";
import { requireLoopbackHost } from "../../daemon/admin-rules.ts";
import type { OpenSurface } from "../../daemon/daemon-spec.ts";
import type { StatusBoard } from "./status-board.ts";

/**
 * `GET /` and its events.
 *
 * 1. It reads: there is no other method, no form, and nothing on the page that changes anything.
 * 2. A foreign Host is refused, as everywhere on the admin server.
 * 3. Nothing is loaded from anywhere else: style and script are the page's own, allowed by a nonce a page.
 */
export function statusSurface(
  board: StatusBoard,
  newNonce: () => string,
  onRefused: (error: AdminError) => void = () => undefined,
): OpenSurface {
  const answer = async (request: Request, server: Bun.Server<unknown>): Promise<Response> => {
    requireLoopbackHost(request.headers.get("Host") ?? undefined);
    const { pathname } = new URL(request.url);
    if (pathname !== "/" && pathname !== "/events") {
      throw new AdminError(404, "NOT_FOUND", `there is no ${pathname}`);
    }
    if (request.method !== "GET" && request.method !== "HEAD") {
      throw new AdminError(
        405,
        "METHOD_NOT_ALLOWED",
        `${pathname} does not take ${request.method}`,
        "It takes GET.",
      );
    }
    if (pathname === "/") return pageAnswer(board, newNonce());
    // Events go on for as long as somebody watches; the server's idle timeout is for requests that end.
    server.timeout(request, 0);
    return eventsAnswer(board);
  };
  return {
    async fetch(request, server) {
      try {
        return await answer(request, server);
      } catch (error) {
        if (!(error instanceof AdminError)) throw error;
        onRefused(error);
        const { code, message, hint } = error;
        return Response.json(
          { error: { code, message, hint } },
          { status: error.status, headers: error.status === 405 ? { Allow: "GET, HEAD" } : {} },
        );
      }
    },
  };
}

const SAFE = {
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cache-Control": "no-store",
};

async function pageAnswer(board: StatusBoard, nonce: string): Promise<Response> {
  const policy = [
    ...[
      "default-src 'none'",
      `script-src 'nonce-${nonce}'`,
      `style-src 'nonce-${nonce}'`,
      "connect-src 'self'",
    ],
    ...["img-src data:", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
  ];
  return new Response(await board.page(nonce), {
    headers: {
      ...SAFE,
      "Content-Type": "text/html; charset=utf-8",
      "Content-Security-Policy": policy.join("; "),
    },
  });
}

async function eventsAnswer(board: StatusBoard): Promise<Response> {
  const events = await board.watch();
  if (events === undefined) {
    throw new AdminError(
      503,
      "TOO_MANY_VIEWS",
      "too many live views are open",
      "Close one, or use /v1/status.",
    );
  }
  return new Response(events, { headers: { ...SAFE, "Content-Type": "text/event-stream; charset=utf-8" } });
}
