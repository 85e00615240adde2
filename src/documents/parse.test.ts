import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Failure } from "../terms/failure.ts";
import { fileCharsMax, parseDocuments } from "./parse.ts";

/** The error lines of a text, as people read them. */
function errorsOf(text: string, path = "a.yaml"): readonly string[] {
  try {
    parseDocuments([{ path, text }]);
    return [];
  } catch (error) {
    assert.ok(error instanceof Failure && error.code === "document_invalid");
    return error.message.split("\n");
  }
}

function modelAt(upstream: string): string {
  return `kind: Model\nname: small\nidentity: { basis: declared }\nupstream: { ${upstream} }\n`;
}

const plan = `kind: ReleasePlan
model: small
safeguards: default
policy: default
stages:
  - stage: trusted
    audience: { types: [partner] }
    requires:
      - { id: misuse, suite: misuse-core, measure: misuse-success, upper: 0.2, confidence: 0.95 }
      - { id: board, signOffs: [ { role: owner, count: 1 } ] }
    certificate: { validDays: 30 }
`;

describe("parseDocuments", () => {
  test("reads several documents of several files, in order, with defaults filled in", () => {
    const organisation = "kind: Organisation\nname: acme\ntype: partner\ncountry: DE\npurpose: x\ngrants: []\n";
    const parsed = parseDocuments([
      { path: "a.yaml", text: `---\n${plan}---\n${organisation}` },
      { path: "b.yaml", text: "# nothing\n" },
      { path: "c.yaml", text: "kind: UsagePolicy\nname: default\ncategories: []\n" },
    ]);
    assert.deepEqual(
      parsed.map(({ document, path }) => [path, document.kind]),
      [
        ["a.yaml", "ReleasePlan"],
        ["a.yaml", "Organisation"],
        ["c.yaml", "UsagePolicy"],
      ],
    );
    const policy = parsed[2]?.document;
    assert.equal(policy?.kind === "UsagePolicy" && policy.unknown, "block");
  });

  test("names file, line, column and the nearest known field", () => {
    assert.deepEqual(errorsOf(plan.replace("upper:", "uper:")), [
      "a.yaml:9:9: stages.0.requires.0.upper: is missing",
      'a.yaml:9:68: stages.0.requires.0: unknown field "uper"; did you mean "upper"?',
    ]);
  });

  test("a misspelt field of an upstream is named with its nearest, and so is a misspelt dialect", () => {
    const misspelt = errorsOf(modelAt("dialect: openai-chat, ulr: http://127.0.0.1:9001/v1, model: x")).join("\n");
    assert.match(misspelt, /unknown field "ulr"; did you mean "url"\?/);
    assert.match(
      errorsOf(modelAt("dialect: openai-caht"))[0] ?? "",
      /upstream\.dialect: .*did you mean "openai-chat"\?/,
    );
  });

  test("names the nearest known kind, stage and role", () => {
    assert.deepEqual(errorsOf("kind: Modle\n"), ['a.yaml:1:1: unknown kind "Modle"; did you mean "Model"?']);
    assert.match(
      errorsOf(plan.replace("stage: trusted", "stage: trustd"))[0] ?? "",
      /^a\.yaml:6:5: stages\.0\.stage: unknown value "trustd"; did you mean "trusted"\?/,
    );
    assert.match(
      errorsOf(plan.replace("role: owner", "role: ower"))[0] ?? "",
      /unknown value "ower"; did you mean "owner"\?/,
    );
  });

  test("names the nearest option of a discriminated choice", () => {
    const text = "kind: UsagePolicy\nname: default\ncategories:\n  - { category: cyber, treat: prohibitd }\n";
    assert.match(
      errorsOf(text)[0] ?? "",
      /^a\.yaml:4:24: categories\.0\.treat: unknown value "prohibitd"; did you mean "prohibited"\?/,
    );
  });

  test("says each list of words once, and what a list lacks in words of its own", () => {
    const text = "kind: UsagePolicy\nname: default\ncategories:\n  - { category: nothing, treat: prohibited }\n";
    assert.match(errorsOf(text)[0] ?? "", /unknown value "nothing"; one of misinformation, cyber, [a-z, -]+$/);
    const chain = "kind: Safeguards\nname: default\nchain: []\n";
    assert.deepEqual(errorsOf(chain), ["a.yaml:3:1: chain: has to have 1 or more in it"]);
  });

  test("reports the errors of all files at once", () => {
    try {
      parseDocuments([
        { path: "a.yaml", text: "kind: Modle\n" },
        { path: "b.yaml", text: "name: x\n" },
      ]);
      assert.fail("it was read");
    } catch (error) {
      assert.ok(error instanceof Failure);
      assert.match(error.message, /^a\.yaml:1:1: .*\nb\.yaml:1:1: a document begins with its kind/);
    }
  });

  test("a key that stands twice, an alias, a tag and broken YAML are errors with a place", () => {
    assert.match(errorsOf("kind: Model\nkind: Model\n")[0] ?? "", /^a\.yaml:2:1: .*unique/);
    assert.match(errorsOf("a: &x 1\nb: *x\n")[0] ?? "", /^a\.yaml:2:4: anchors and aliases are not admitted/);
    assert.match(errorsOf("kind: !!js/function 'x'\n")[0] ?? "", /^a\.yaml:1:/);
    assert.match(errorsOf("kind: [\n")[0] ?? "", /^a\.yaml:\d+:\d+: /);
  });

  test("a file that is too long is not read", () => {
    assert.match(errorsOf("#".repeat(fileCharsMax + 1))[0] ?? "", /longer than/);
  });
});
