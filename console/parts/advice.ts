// What to do about each code of an error: the last column of docs/errors.md, without its marks.
import page from "../../docs/errors.md?raw";

export const advice: ReadonlyMap<string, string> = new Map(
  [...page.matchAll(/^\| `(\w+)` \|.*\| ([^|]+) \|$/gm)].map(([, code = "", text = ""]) => [code, plain(text)]),
);

function plain(text: string): string {
  return text.replaceAll(/\[([^\]]+)\]\([^)]*\)/g, "$1").replaceAll("`", "");
}
