import type { Params } from "../wire/params.ts";

/** A request as the venue read it. */
export interface VenueRequest {
  readonly method: string;
  readonly path: string;
  /** "METHOD /path". */
  readonly endpoint: string;
  readonly query: string;
  readonly body: string;
  readonly params: Params;
  readonly apiKey: string | null;
  readonly receivedAtMs: number;
}

/** Reads query and form body; where both have a name, the query's value counts. */
export async function readVenueRequest(request: Request, receivedAtMs: number): Promise<VenueRequest> {
  const { path, query } = splitUrl(request.url);
  const { method } = request;
  const body = method === "GET" ? "" : await request.text();
  const params = new Map<string, string>(new URLSearchParams(body));
  for (const [name, value] of new URLSearchParams(query)) params.set(name, value);
  const apiKey = request.headers.get("x-mbx-apikey");
  return { method, path, endpoint: `${method} ${path}`, query, body, params, apiKey, receivedAtMs };
}

function splitUrl(url: string): { path: string; query: string } {
  const start = url.indexOf("/", url.indexOf("//") + 2);
  const mark = url.indexOf("?", start);
  if (mark < 0) return { path: url.slice(start), query: "" };
  return { path: url.slice(start, mark), query: url.slice(mark + 1) };
}
