// Text of others among words of ours: what hides, moves or reorders text is shown by its number, so that a name cannot write the sentence it
// stands in.

/** Controls but tab and line feed, and characters that hide, tag or reorder text, by their numbers. */
export function visible(text: string): string {
  return text.replaceAll(/[^\P{C}\t\n]|[\u2028\u2029]/gu, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
}

/** A short text in quotation marks, on one line. */
export function quoted(text: string): string {
  return visible(JSON.stringify(text));
}
