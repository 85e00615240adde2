// The suites that ship: what their cards say is true of their items, nothing stands twice, and what is drawn names its licence.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { parse } from "yaml";
import { z } from "zod";
import { overlap, wordsOf } from "../scripts/near-duplicates.ts";
import { Card, cardOf, itemsIn, setLicences, setOf, suiteCalled, suitesFolder, textIn } from "../scripts/suite-card.ts";

const names = readdirSync(suitesFolder)
  .filter((file) => file.endsWith(".yaml"))
  .map((file) => file.slice(0, -".yaml".length));
const cards = new Map(names.map((name) => [name, readFileSync(new URL(`${name}.md`, suitesFolder), "utf8")]));

interface Said {
  readonly suite: string;
  readonly id: string;
  readonly behaviour: string;
  readonly text: string;
  readonly words: ReadonlySet<string>;
}

const all: readonly Said[] = names.flatMap((suite) =>
  itemsIn(suiteCalled(suite)).map((item) => {
    const text = textIn(item);
    return { suite, id: item.id, behaviour: `${suite} ${item.behaviour ?? item.id}`, text, words: wordsOf(text) };
  }),
);

function frontOf(name: string): unknown {
  return parse(/^---\n([\s\S]*?)\n---\n/u.exec(cards.get(name) ?? "")?.[1] ?? "");
}

test("each suite has its items and its card, and each file there belongs to one", () => {
  const known = new Set(["NOTICES.md", ...names.flatMap((name) => [`${name}.yaml`, `${name}.jsonl`, `${name}.md`])]);
  assert.deepEqual(new Set(readdirSync(suitesFolder)), known);
  for (const name of names) assert.equal(suiteCalled(name).name, name);
});

for (const name of names)
  test(`the card of ${name} counts what is there, and says what it has to`, () => {
    const text = cards.get(name) ?? "";
    const front = frontOf(name);
    assert.deepEqual(Card.parse(front), cardOf(name, front));
    for (const heading of [
      `# ${name}`,
      "## What it measures",
      "## Where its items are from",
      "## The grader, and how it errs",
      "## What a bound from it does not say",
    ])
      assert.ok(text.includes(`\n${heading}\n`), heading);
  });

test("every set that items are drawn from has a licence, and stands with it in the notices", () => {
  const notices = readFileSync(new URL("NOTICES.md", suitesFolder), "utf8");
  for (const set of new Set(all.map(setOf))) {
    const licence = setLicences[set];
    assert.ok(licence !== undefined && notices.includes(`\n| ${set} | ${licence} | `), set);
  }
});

test("no item, nor one that is like it, stands in a suite twice, in two suites, or in the first release's", () => {
  const released = ["misuse-core", "everyday"].flatMap((name) =>
    readFileSync(new URL(`../examples/first-release/${name}.jsonl`, import.meta.url), "utf8")
      .trimEnd()
      .split("\n")
      .map((line): Said => {
        const { id, text } = z.object({ id: z.string(), text: z.string() }).parse(JSON.parse(line));
        return { suite: name, id, behaviour: `${name} ${id}`, text, words: wordsOf(text) };
      }),
  );
  assert.equal(new Set(all.map(({ text }) => text)).size, all.length);
  const patterned = new Set(names.filter((name) => Card.parse(frontOf(name)).pattern === true));
  for (const [at, one] of all.entries())
    for (const other of [...all.slice(at + 1), ...released])
      assert.ok(
        one.behaviour === other.behaviour ||
          (one.suite === other.suite && patterned.has(one.suite)) ||
          overlap(one.words, other.words) < 0.8,
        `${one.suite} ${one.id} is like ${other.suite} ${other.id}`,
      );
});

test("what was written for the suites is not like what was written to train the safeguards", () => {
  const folder = new URL("../scripts/data/", import.meta.url);
  const training = readdirSync(folder)
    .flatMap((file) => readFileSync(new URL(file, folder), "utf8").split("\n"))
    .map(wordsOf);
  for (const { id, words, suite } of all.filter((item) => setOf(item) === "own"))
    assert.ok(
      !training.some((other) => other.size <= 1.25 * words.size && overlap(words, other) >= 0.8),
      `${suite} ${id}`,
    );
});

test("the page of the suites lists each, with as many items as there are", () => {
  const page = readFileSync(new URL("../docs/suites.md", import.meta.url), "utf8");
  for (const name of names) {
    const { items } = cardOf(name, {});
    assert.match(page, new RegExp(String.raw`^\| \[${name}\]\(\S+\) \|.*\| ${items}(?: in .*)? \|$`, "mu"), name);
  }
});
