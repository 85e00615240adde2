// What whoever held is told when only one of gateway and control plane took it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { told } from "./hold.ts";

test("a control plane that refused is quoted, and only one that was silent is said not to have answered", () => {
  const refused = { code: "disk_full", message: "There is no room to write." } as const;
  assert.match(told({ gateway: true, recorded: false, refused }), /\(disk_full: There is no room to write\)/);
  assert.doesNotMatch(told({ gateway: true, recorded: false, refused }), /did not answer/);
  assert.match(told({ gateway: true, recorded: false, refused: null }), /control plane did not answer/);
  assert.match(told({ gateway: false, recorded: true, refused: null }), /gateway did not answer directly/);
  assert.equal(told({ gateway: true, recorded: true, refused: null }), "");
});
