import { Secret } from "./secret.ts";
import { SecretUrl } from "./secret-url.ts";
import { settingSchema } from "./setting-schema.ts";

/** A secret that may be absent: from the environment, or from a file in CREDENTIALS_DIRECTORY. */
export function secretSetting(facts: { readonly description: string; readonly credentialFile: string }) {
  const read = (text: string) => (/^\S{1,512}$/.test(text) ? new Secret(text) : undefined);
  return settingSchema(
    { read, whenAbsent: () => undefined },
    { ...facts, expected: "a secret without blanks", secret: true },
  );
}

interface UrlFacts {
  readonly description: string;
  /** `["http", "https"]`. */
  readonly schemes: readonly string[];
  /** For a URL that holds a password: the file in CREDENTIALS_DIRECTORY that may give it. */
  readonly credentialFile?: string;
}

const readUrl = (facts: UrlFacts) => (text: string) =>
  isUrl(text, facts.schemes) ? new SecretUrl(text) : undefined;

const urlWords = ({ schemes }: UrlFacts): string => {
  const words = `a URL beginning with ${schemes.map((scheme) => `${scheme}://`).join(" or ")}`;
  return schemes.includes("redis") ? `${words}, of no other database than 0` : words;
};

/** A URL whose password does not print. */
export function urlSetting(facts: UrlFacts & { readonly fallback: string }) {
  const whenAbsent = () => new SecretUrl(facts.fallback);
  return settingSchema({ read: readUrl(facts), whenAbsent }, { ...facts, expected: urlWords(facts) });
}

/** The same, and it may be absent. */
export function optionalUrlSetting(facts: UrlFacts) {
  const { description } = facts;
  return settingSchema(
    { read: readUrl(facts), whenAbsent: () => undefined },
    { description, expected: urlWords(facts) },
  );
}

/** A unix URL has a path and no host, which the URL standard does not know: checked by hand. */
function isUrl(text: string, schemes: readonly string[]): boolean {
  const scheme = /^([a-z]+):\/\/\S+$/.exec(text)?.[1];
  if (scheme === undefined || !schemes.includes(scheme)) return false;
  if (scheme === "unix") return /^unix:\/\/(?:[^@/\s]*@)?\/[^\s?]+(?:\?(?:db=0?)?)?$/.test(text);
  if (!URL.canParse(text)) return false;
  const { hostname, pathname, username, password } = new URL(text);
  // The path of a Redis URL is a database's number. All databases of a server share the functions that count and limit,
  // and what these remember by a key's name is of database 0.
  if (scheme.startsWith("redis") && !/^\/?0?$/.test(pathname)) return false;
  return hostname !== "" && isDecodable(username) && isDecodable(password);
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
