// Writes the front matter of the cards of examples/suites anew: what can be counted is counted, the text below it stays.
// Usage: node scripts/suite-cards.ts
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { parse, stringify } from "yaml";
import { cardOf, suitesFolder } from "./suite-card.ts";

const frontMatter = /^---\n([\s\S]*?)\n---\n/u;

for (const file of readdirSync(suitesFolder).filter((name) => name.endsWith(".yaml"))) {
  const name = file.slice(0, -".yaml".length);
  const card = new URL(`${name}.md`, suitesFolder);
  const before = existsSync(card) ? readFileSync(card, "utf8") : "";
  const said: unknown = parse(frontMatter.exec(before)?.[1] ?? "{}");
  const text = before.replace(frontMatter, "");
  writeFileSync(
    card,
    `---\n${stringify(cardOf(name, said), { lineWidth: 130 })}---\n${text === "" ? `\n# ${name}\n` : text}`,
  );
}
