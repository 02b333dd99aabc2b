import type { Rejection } from "../engine/rejection.ts";

/** An answer before it is an HTTP response: a fault script may still replace it. */
export interface VenueReply {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** `drop`: no answer, the connection ends. */
export type Answer = VenueReply | "drop";

const JSON_TYPE = { "content-type": "application/json" };

/** The HTTP status the venue sends with an error code. */
export function statusOf(code: number): number {
  switch (code) {
    case -2014:
    case -2015:
      return 401;
    case -1003:
    case -1015:
      return 429;
    case -1007:
      return 408;
    case -1000:
      return 500;
    case -1001:
    case -1006:
    case -1008:
    case -1016:
      return 503;
    case -5000:
      return 404;
    default:
      return 400;
  }
}

/** An answer in the venue's content type. */
export function jsonReply(
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): VenueReply {
  return { status, body: JSON.stringify(body), headers: { ...JSON_TYPE, ...headers } };
}

/** `{code, msg}` with the venue's status. */
export function errorReply(rejection: Pick<Rejection, "code" | "msg">, status?: number): VenueReply {
  const { code, msg } = rejection;
  return jsonReply(status ?? statusOf(code), { code, msg });
}

/** The HTTP response, or the broken connection, that an answer becomes. */
export function toResponse(reply: Answer): Response {
  if (reply !== "drop") return new Response(reply.body, { status: reply.status, headers: reply.headers });
  // A stream that fails before its first byte makes Bun reset the connection without a status line; with
  // no reason given it does so silently.
  return new Response(
    new ReadableStream({
      pull: (controller) => controller.error(undefined),
    }),
  );
}
