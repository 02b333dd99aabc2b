/** What a WebSocket client asked for with its URL. */
export interface StreamAddress {
  /** true: messages come as `{stream, data}`. */
  readonly combined: boolean;
  readonly streams: readonly string[];
}

const ROUTE = /^(?:\/(?:public|market|private))?\/(ws|stream)(?:\/(.*))?$/;

/**
 * Reads `/ws`, `/ws/<stream>/<stream>`, `/stream?streams=a/b` and `?listenKey=`, each also behind the
 * venue's /public, /market and /private; undefined when the URL is none of them.
 */
export function parseStreamAddress(url: URL): StreamAddress | undefined {
  const route = ROUTE.exec(url.pathname);
  if (route === null) return undefined;
  const [, kind, path = ""] = route;
  const listed = `${path}/${url.searchParams.get("streams") ?? ""}/${url.searchParams.get("listenKey") ?? ""}`;
  const streams = listed.split("/").filter((name) => name !== "");
  return { combined: kind === "stream", streams };
}
