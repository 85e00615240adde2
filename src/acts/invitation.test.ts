import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DeploymentId, Digest, PersonId } from "../terms/ids.ts";
import { type Invitation, formatInvitation, parseInvitation } from "./invitation.ts";

const root = Digest.parse(`sha256:${"a".repeat(64)}`);
const invitation: Invitation = {
  v: 1,
  server: "http://127.0.0.1:8701",
  deployment: DeploymentId.parse("dep_0123456789abcdef"),
  root,
  demo: false,
  invitation: root,
  person: PersonId.parse("person_0123456789abcdef"),
  role: "safety",
  seed: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
  notAfter: "2030-01-01T00:00:00.000Z",
  seen: { size: 1, root },
};

describe("invitation codes", () => {
  test("a code says what was put into it, with spaces around it too", () => {
    assert.deepEqual(parseInvitation(` ${formatInvitation(invitation)}\n`), invitation);
  });

  test("a code says who is invited and by whom, where whoever made it knew", () => {
    const named = { ...invitation, name: "Bo Ü. (safety)", by: "Ada" };
    assert.deepEqual(parseInvitation(formatInvitation(named)), named);
    assert.throws(() => formatInvitation({ ...invitation, name: "x".repeat(201) }));
  });

  test("a code is one word that a shell leaves alone", () => {
    assert.match(formatInvitation(invitation), /^[A-Za-z0-9_-]+$/);
  });

  test("a code that was cut anywhere is refused", () => {
    const code = formatInvitation(invitation);
    for (let length = 0; length < code.length; length++) {
      assert.throws(() => parseInvitation(code.slice(0, length)), /Copy the whole code/);
    }
  });
});
