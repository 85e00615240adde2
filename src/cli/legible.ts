// Texts that others made up (a file, a server), as they may stand in a terminal.

/** What steers a terminal is spelled out. */
export function legible(text: string): string {
  return text.replaceAll(/\p{C}/gu, (sign) => `\\u{${sign.codePointAt(0)?.toString(16)}}`);
}

/** The same of a text in lines. */
export function legibleLines(text: string): string {
  return text.split("\n").map(legible).join("\n");
}
