import { inspect } from "node:util";

/**
 * Everything between the scheme and the last @ of all: a password that holds an @ or a / is not a URL, and is printed
 * as a fault for that very reason.
 */
const USER_INFO = /^([a-z][a-z0-9+.-]*:\/\/)(.*)@/is;

/** A URL whose password does not print; `reveal` gives the whole of it. */
export class SecretUrl {
  readonly #url: string;
  constructor(url: string) {
    this.#url = url;
  }
  reveal(): string {
    return this.#url;
  }
  toString(): string {
    return redactUrl(this.#url);
  }
  toJSON(): string {
    return redactUrl(this.#url);
  }
  [inspect.custom](): string {
    return redactUrl(this.#url);
  }
}

/** The URL with its password replaced; the user name stays, it helps and is no secret. */
export function redactUrl(url: string): string {
  if (URL.canParse(url)) {
    const { username, password } = new URL(url);
    if (username === "" && password === "") return url;
  }
  return url.replace(USER_INFO, (_all, scheme: string, userInfo: string) => {
    const user = userInfo.split(":", 1)[0] ?? "";
    return userInfo.includes(":") ? `${scheme}${user}:[redacted]@` : `${scheme}${user}@`;
  });
}
