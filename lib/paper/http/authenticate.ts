import { timingSafeEqual } from "node:crypto";
import { isRejection, type Rejection, reject } from "../engine/rejection.ts";
import { integerOf, missing, type Params, textOf } from "../wire/params.ts";

/** Who may call: the keys the venue knows, and whether it lets them in today. */
export interface Credentials {
  /** API key → secret. */
  readonly secrets: Map<string, string>;
  /** true: every key is answered -2015, as after an expiry or a revoked permission. */
  forbidden: boolean;
}

export interface SignedRequest {
  readonly apiKey: string | null;
  /** As received, without the question mark. */
  readonly query: string;
  readonly body: string;
  readonly params: Params;
  /** The venue's clock, skew of a fault script included. */
  readonly nowMs: number;
}

const RECV_WINDOW_MS = 5000;
const RECV_WINDOW_MS_MAX = 60_000;
const AHEAD_MS_MAX = 1000;

/** Hex HMAC-SHA256 of a payload, as the venue documents it. */
export function signatureOf(payload: string, secret: string): string {
  return new Bun.CryptoHasher("sha256", secret).update(payload).digest("hex");
}

/** The API key alone: listen keys and market data that need one. */
export function checkKey(credentials: Credentials, apiKey: string | null): Rejection | undefined {
  if (apiKey === null || apiKey === "") return reject("BAD_API_KEY_FMT");
  const known = credentials.secrets.has(apiKey) && !credentials.forbidden;
  return known ? undefined : reject("REJECTED_MBX_KEY");
}

/** Key, then time, then signature over query and body: the venue's own order of complaints. */
export function checkSigned(credentials: Credentials, request: SignedRequest): Rejection | undefined {
  const key = checkKey(credentials, request.apiKey);
  if (key !== undefined) return key;
  const time = checkTime(request);
  if (time !== undefined) return time;
  const signature = textOf(request.params, "signature");
  if (signature === undefined) return missing("signature");
  const payload = withoutSignature(request.query) + withoutSignature(request.body);
  const expected = signatureOf(payload, credentials.secrets.get(request.apiKey ?? "") ?? "");
  return sameText(signature.toLowerCase(), expected) ? undefined : reject("INVALID_SIGNATURE");
}

/** How long after its timestamp a request may still be executed, ms. */
export function recvWindowOf(params: Params): number {
  const sent = integerOf(params, "recvWindow");
  return typeof sent === "number" ? sent : RECV_WINDOW_MS;
}

function checkTime(request: SignedRequest): Rejection | undefined {
  const timestamp = integerOf(request.params, "timestamp");
  if (isRejection(timestamp)) return timestamp;
  if (timestamp === undefined) return missing("timestamp");
  const recvWindow = recvWindowOf(request.params);
  if (recvWindow > RECV_WINDOW_MS_MAX) return reject("BAD_RECV_WINDOW");
  if (timestamp >= request.nowMs + AHEAD_MS_MAX) {
    return reject("INVALID_TIMESTAMP", "Timestamp for this request was 1000ms ahead of the server's time.");
  }
  return request.nowMs - timestamp > recvWindow ? reject("INVALID_TIMESTAMP") : undefined;
}

/** The signature is not part of what it signs, wherever it stands. */
function withoutSignature(text: string): string {
  if (!text.includes("signature=")) return text;
  return text
    .split("&")
    .filter((part) => !part.startsWith("signature="))
    .join("&");
}

function sameText(one: string, other: string): boolean {
  const left = Buffer.from(one);
  const right = Buffer.from(other);
  return left.length === right.length && timingSafeEqual(left, right);
}
