/** Where a Redis server listens, and who we are there. */
export interface RedisAddress {
  readonly socket:
    | { readonly path: string }
    | { readonly host: string; readonly port: number; readonly tls: boolean };
  /** "" without one. */
  readonly username: string;
  /** "" without one. */
  readonly password: string;
  readonly database: number;
}

const DEFAULT_PORT = 6379;
/** unix://[user[:password]@]/path/to/socket[?db=N]: URL refuses credentials without a host. */
const UNIX_URL = /^unix:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?(\/[^?#]*)(?:\?([^#]*))?$/;

/** Reads redis://, rediss:// and unix:// as node-redis does. Throws TypeError for anything else. */
export function redisAddress(url: string): RedisAddress {
  const unix = UNIX_URL.exec(url);
  if (unix !== null) {
    const [, username = "", password = "", path = "", query = ""] = unix;
    return {
      socket: { path: decodeURIComponent(path) },
      ...credentials(username, password),
      database: databaseOf(new URLSearchParams(query).get("db") ?? ""),
    };
  }
  const { protocol, hostname, port, username, password, pathname } = new URL(url);
  if (protocol !== "redis:" && protocol !== "rediss:")
    throw new TypeError(`not a Redis address: ${protocol}`);
  const host = hostname.replace(/^\[(.*)\]$/, "$1") || "localhost";
  return {
    socket: { host, port: port === "" ? DEFAULT_PORT : Number(port), tls: protocol === "rediss:" },
    ...credentials(username, password),
    database: databaseOf(pathname.slice(1)),
  };
}

function credentials(username: string, password: string) {
  return { username: decodeURIComponent(username), password: decodeURIComponent(password) };
}

function databaseOf(text: string): number {
  if (!/^\d{0,5}$/.test(text)) throw new TypeError("the database of a Redis address is a number");
  return Number(text);
}
