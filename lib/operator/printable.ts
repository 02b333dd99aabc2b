const ESCAPE = "\u001b";
/** The colours that styleText sets and takes back here; nothing else that a terminal obeys. */
const COLOUR = /^.\[(?:3[1-69]|90)m$/su;

/**
 * Text as it may be shown: entries, reasons and errors come from outside and must not drive the terminal. Control
 * characters are spelled out, but for line ends, tabs and this program's own colours.
 */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}\[\d{1,2}m|[^\P{Cc}\n\t]/gu, (found) =>
    found.startsWith(ESCAPE) && COLOUR.test(found) ? found : spelled(found),
  );
}

/** The first character by its number. */
function spelled(found: string): string {
  return `\\x${found.charCodeAt(0).toString(16).padStart(2, "0")}${found.slice(1)}`;
}
