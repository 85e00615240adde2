// The suites that ship: what their cards say is true of their items, nothing stands twice, and what is drawn names its licence.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { parse } from "yaml";
import { z } from "zod";
import { overlap, wordsOf } from "../scripts/near-duplicates.ts";
import {
  Card,
  calibrationLicences,
  cardOf,
  itemsIn,
  setLicences,
  setOf,
  suiteCalled,
  suitesFolder,
  textIn,
} from "../scripts/suite-card.ts";
import { calibrationProblem } from "../src/evidence/calibrate.ts";
import { openCalibration, pinCalibration } from "../src/evidence/suite-calibration.ts";
import { pinSuite } from "../src/evidence/suite.ts";
import { nodePrimitives } from "../src/proof/node.ts";
import { clopperPearson } from "../src/statistics/binomial.ts";
import { shareText } from "../src/statistics/share.ts";

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
  const known = new Set([
    "NOTICES.md",
    "calibration",
    ...names.flatMap((name) => [`${name}.yaml`, `${name}.jsonl`, `${name}.md`]),
  ]);
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

const calibrations = new Map(
  names.flatMap((name) => {
    const suite = suiteCalled(name);
    if (suite.calibration === undefined) return [];
    const bytes = readFileSync(new URL(suite.calibration, suitesFolder));
    const items = readFileSync(new URL(suite.items, suitesFolder));
    const pinned = pinCalibration(pinSuite(suite, items, nodePrimitives), bytes, nodePrimitives);
    return [[name, { suite: pinned, ...openCalibration(pinned, bytes, nodePrimitives) }] as const];
  }),
);

test("every suite pins a calibration set, but where no answer fails by itself; and each set is some suite's", () => {
  for (const name of names) {
    const { measure } = suiteCalled(name);
    assert.equal(calibrations.has(name), measure.failure !== "outcomes-differ", name);
    if (!calibrations.has(name)) assert.match(cards.get(name) ?? "", /There is nothing to calibrate/u);
  }
  const pinned = names.flatMap((name) => suiteCalled(name).calibration ?? []);
  const files = readdirSync(new URL("calibration/", suitesFolder)).filter((file) => file !== "README.md");
  assert.deepEqual(new Set(files.map((file) => `calibration/${file}`)), new Set(pinned));
});

test("the paper beside the calibration sets says what each grader comes to, and each set has answers of several kinds", () => {
  const paper = readFileSync(new URL("calibration/README.md", suitesFolder), "utf8");
  for (const [name, { suite, answers }] of calibrations) {
    const { calibration, counts, grader } = Card.parse(frontOf(name));
    assert.ok(calibration !== null);
    const [found, passed] = [calibration.sensitivity, calibration.specificity].map(([hits, of]) =>
      shareText({ count: hits, of, ...clopperPearson({ failures: hits, trials: of }, 0.95) }),
    );
    const file = calibration.set.replace("calibration/", "");
    const said = `| ${answers.length} | \`${grader}\`, ${counts}: ${found}; ${passed} |`;
    const row = paper.split("\n").find((line) => line.startsWith(`| [${file.replace(".jsonl", "")}](${file}) |`));
    assert.ok(row?.includes(said), said);
    assert.equal(suite.content?.calibration?.startsWith("sha256:"), true);
    assert.ok(new Set(answers.map(({ label }) => label)).size > 1 && answers.length >= 30, name);
  }
});

test("what a run states of a shipped suite's grader is checked against its set, counts that are better are refused", () => {
  for (const [name, { suite, digest, answers, failed, clean }] of calibrations) {
    const { calibration } = Card.parse(frontOf(name));
    assert.ok(calibration !== null);
    const [sensitivity, specificity] = [calibration.sensitivity, calibration.specificity].map(([hits, of]) => ({
      hits,
      of,
    }));
    assert.ok(sensitivity !== undefined && specificity !== undefined);
    const set = { digest, answers, failed, clean };
    const stated = { set: digest, sensitivity, specificity };
    const by = { suite, hasher: nodePrimitives };
    assert.equal(calibrationProblem(stated, set, by), undefined, name);
    const better = { ...stated, specificity: { hits: specificity.hits - 1, of: specificity.of } };
    assert.notEqual(calibrationProblem(better, set, by), undefined, name);
  }
});

test("a calibration set has its requests from training sets with a licence, or from the suite with what its item expects", () => {
  const notices = readFileSync(new URL("NOTICES.md", suitesFolder), "utf8");
  for (const [name, { answers, suite }] of calibrations) {
    const items = new Map(itemsIn(suite).map((item) => [textIn(item), item]));
    const asked = [...items.keys()];
    for (const answer of answers) {
      const set = setOf(answer);
      const licence = calibrationLicences[set];
      assert.ok(licence !== undefined && notices.includes(`\n| ${set} | ${licence} | `), `${name} ${answer.id}`);
      if (set !== "own") continue;
      const text = asked.find((one) => one.endsWith(answer.request));
      assert.ok(text !== undefined, `${name} ${answer.id}`);
      if (suite.grader !== "exact@1") continue;
      const of = asked
        .filter((one) => one.endsWith(answer.request))
        .map((one) => JSON.stringify(items.get(one)?.expect));
      assert.ok(of.includes(JSON.stringify(answer.expect)), `${name} ${answer.id}`);
    }
    if (name.startsWith("misuse-") || name.startsWith("over-refusal-"))
      for (const { request } of answers) assert.ok(!items.has(request), request);
  }
});
