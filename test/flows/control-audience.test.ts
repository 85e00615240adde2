// A plan's audience is looked at when it is applied: one that no proposal could name would be found out on the day of the release.
import assert from "node:assert/strict";
import { test } from "node:test";
import { apply, documentsText, dropFolder, initialise, openDesk, resolved } from "./control-desk.ts";

test("a plan with a stage that nobody could propose is refused, in the words that a proposal would be refused with", async () => {
  const desk = await openDesk();
  try {
    const owner = await initialise(desk);
    const [before = "", after = ""] = documentsText().split("stages:\n");
    const withInternal = (type: string, signOffs: string): string =>
      `${before}stages:
  - stage: internal
    audience: { types: [${type}] }
    requires: [ { id: trial, signOffs: [ ${signOffs} ] } ]
    certificate: { validDays: 30 }
${after}`;
    const one = "{ role: owner, count: 1 }";
    await assert.rejects(
      apply(desk, owner, resolved(withInternal("partner", one))),
      /document_invalid.*Stage internal of the plan of small could not be proposed\. One signer opens stage internal, to organisations of type .{1,2}internal.{1,2}, and no further\./,
    );
    assert.equal(desk.control.state.documents.get("ReleasePlan")?.size ?? 0, 0);
    await apply(desk, owner, resolved(withInternal("internal", one)));
    await apply(desk, owner, resolved(withInternal("partner", `${one}, { role: safety, count: 1 }`)));
  } finally {
    await desk.close();
    dropFolder(desk.folder);
  }
});
