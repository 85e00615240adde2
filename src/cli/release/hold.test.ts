// What whoever held is told when only one of gateway and control plane took it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { told } from "./hold.ts";

test("a control plane that refused is quoted, and only one that was silent is said not to have answered", () => {
  const refused = { code: "disk_full", message: "There is no room to write." } as const;
  assert.match(
    told({ gateway: true, gateways: [], recorded: false, refused }),
    /\(disk_full: There is no room to write\)/,
  );
  assert.doesNotMatch(told({ gateway: true, gateways: [], recorded: false, refused }), /did not answer/);
  assert.match(told({ gateway: true, recorded: false, refused: null, gateways: [] }), /control plane did not answer/);
  assert.match(
    told({ gateway: false, recorded: true, refused: null, gateways: [] }),
    /gateway did not answer directly/,
  );
  assert.equal(told({ gateway: true, recorded: true, refused: null, gateways: [] }), "");
});

test("gateways that were named and did not answer are named again", () => {
  const gateways = [
    { gateway: "https://one.example", held: true },
    { gateway: "https://two.example", held: false },
  ];
  const text = told({ gateway: true, gateways, recorded: false, refused: null });
  assert.match(text, /NOT told directly: https:\/\/two\.example$/);
  assert.doesNotMatch(text, /one\.example/);
});
