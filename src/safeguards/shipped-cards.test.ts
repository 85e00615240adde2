import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { failureCode } from "../terms/failure.ts";
import { cardFiguresBytesMax } from "./card-figures.ts";
import { shippedSafeguards } from "./registry.ts";
import { safeguardCard, safeguardsMeasured } from "./shipped-cards.ts";

const artefacts = new URL("artefacts/", import.meta.url);

describe("the figures that ship beside a safeguard", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "headgate-cards-"));
    for (const ending of ["bin", "card.json", "figures.json"])
      copyFileSync(new URL(`injection-2.${ending}`, artefacts), join(folder, `injection-2.${ending}`));
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  test("were measured on the weights that documents and certificates name, and take 64 kB at the most", () => {
    const registry = shippedSafeguards();
    for (const safeguard of safeguardsMeasured) {
      const { figures, kind } = safeguardCard(safeguard);
      assert.equal(kind, "measured");
      const names = registry.names.includes(safeguard);
      assert.equal(figures?.weights ?? null, names ? registry.get(safeguard).digest : null);
      const { size } = statSync(new URL(`${safeguard.replace("@", "-")}.figures.json`, artefacts));
      assert.ok(size <= cardFiguresBytesMax);
    }
  });

  test("are those of the bench, with what was missed", () => {
    const { figures } = safeguardCard("misuse@4");
    assert.ok(figures !== null && figures.targets.some(({ verdict }) => verdict === "missed"));
    const curve = figures.curves.find(
      ({ side, seen, of }) => side === "input" && seen === "left-out" && of === "together",
    );
    assert.ok(curve !== undefined && curve.harmful > 500 && curve.harmless > 10_000);
    const shares = curve.points.map(({ refused }) => refused.count);
    assert.deepEqual(
      shares,
      shares.toSorted((one, other) => one - other),
      "a wider rate refuses no less",
    );
  });

  test("are none of what others run, of exact patterns, and of what is not of this release", () => {
    for (const [safeguard, kind] of [
      ["service@1", "declared"],
      ["patterns@1", "unmeasured"],
      ["misuse@3", "unknown"],
      ["../../secret@1", "unknown"],
    ] as const)
      assert.deepEqual(safeguardCard(safeguard), { safeguard, kind, figures: null, limits: null });
  });

  for (const { file, what } of [
    { file: "injection-2.figures.json", what: "figures that the card does not name" },
    { file: "injection-2.bin", what: "figures of other weights" },
    { file: "injection-2.card.json", what: "a card that is no JSON" },
  ])
    test(`${what} are not shown`, () => {
      const here = pathToFileURL(`${folder}/`);
      assert.equal(safeguardCard("injection@2", here).kind, "measured");
      const bytes = readFileSync(join(folder, file));
      writeFileSync(join(folder, file), Buffer.concat([bytes, Buffer.from("x")]));
      assert.throws(
        () => safeguardCard("injection@2", here),
        (error) => failureCode(error) === "artefact_missing",
      );
      writeFileSync(join(folder, file), bytes);
    });
});
