// The JSON that a server answered with, where it has one meaning. `JSON.parse` alone takes the last of two equal keys: an answer that
// first names what was found, and then nothing, would be a pass.

/** Objects and arrays inside each other. Deeper ones take `JSON.parse` a tenth of a second, and no answer is. */
const depthMax = 64;

/** Undefined for what is no JSON, nests deeper, or names a key twice in one object. Cost: linear in its length. */
export function answeredJson(text: string): unknown {
  const colons = colonsIn(text);
  if (colons === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    // Every member of valid JSON has one colon outside strings; an equal key was merged away, so the value has fewer.
    return colons === membersIn(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Colons outside strings; undefined where it nests too deep. */
function colonsIn(text: string): number | undefined {
  let [colons, depth, at] = [0, 0, 0];
  while (at < text.length) {
    const sign = text[at];
    if (sign === '"') at = stringEnd(text, at);
    else if (sign === ":") colons += 1;
    else if (sign === "{" || sign === "[") depth += 1;
    else if (sign === "}" || sign === "]") depth -= 1;
    if (depth > depthMax) return undefined;
    at += 1;
  }
  return colons;
}

/** Where the quote stands that ends a string, or the text ends. */
function stringEnd(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at;
}

function membersIn(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const inner: unknown[] = Object.values(value);
  return inner.reduce((sum: number, one) => sum + membersIn(one), Array.isArray(value) ? 0 : inner.length);
}
