import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { DeploymentId, Digest, PersonId } from "../terms/ids.ts";
import { failureCode } from "../terms/failure.ts";
import { type Profile, createProfile, readProfile, rememberCheckpoint } from "./profile.ts";

const folder = mkdtempSync(join(tmpdir(), "headgate-profile-"));
after(() => {
  rmSync(folder, { recursive: true });
});

const rootOf = (digit: string): Digest => Digest.parse(`sha256:${digit.repeat(64)}`);

const ada: Profile = {
  format: "headgate-profile/1",
  server: "http://127.0.0.1:8701",
  dataPlane: "http://127.0.0.1:8700",
  deployment: DeploymentId.parse("dep_0123456789abcdef"),
  root: rootOf("a"),
  demo: false,
  person: PersonId.parse("person_0123456789abcdef"),
  role: "owner",
  seed: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
  checkpoint: null,
};

const failsWith = (code: string) => (error: unknown) => failureCode(error) === code;

describe("profiles", () => {
  test("a profile is readable by its owner only", () => {
    const path = join(folder, "mode.json");
    createProfile(path, ada);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.deepEqual(readProfile(path), ada);
  });

  test("a profile that others may read is refused, and the message says how to mend it", () => {
    const path = join(folder, "open.json");
    createProfile(path, ada);
    chmodSync(path, 0o640);
    assert.throws(() => readProfile(path), /chmod 600/);
  });

  test("a profile is never written over another", () => {
    const path = join(folder, "taken.json");
    createProfile(path, ada);
    assert.throws(() => {
      createProfile(path, { ...ada, demo: true });
    }, failsWith("conflict"));
    assert.equal(readProfile(path).demo, false);
  });

  test("a profile remembers the largest checkpoint, whatever comes later", () => {
    const path = join(folder, "checkpoint.json");
    createProfile(path, ada);
    rememberCheckpoint(path, { size: 7, root: rootOf("7") });
    rememberCheckpoint(path, { size: 3, root: rootOf("3") });
    assert.deepEqual(readProfile(path).checkpoint, { size: 7, root: rootOf("7") });
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.endsWith(".part")),
      [],
    );
  });

  test("a missing, cut or widened profile is no profile", () => {
    const path = join(folder, "cut.json");
    assert.throws(() => readProfile(join(folder, "none.json")), failsWith("profile_invalid"));
    createProfile(path, ada);
    const text = readFileSync(path, "utf8");
    for (const wrong of [text.slice(0, -3), text.replace("{", '{"admin":true,'), text.replace("owner", "king")]) {
      writeFileSync(path, wrong);
      assert.throws(() => readProfile(path), failsWith("profile_invalid"));
    }
  });
});
