// What a server says when it is ready.
import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { DeploymentId } from "../terms/ids.ts";
import { readyText } from "./serve-verb.ts";

const deployment = DeploymentId.parse(`dep_${"0".repeat(16)}`);

function lineOf(controlPlane: string, codeFile: string): string | undefined {
  const text = readyText({
    dataPlane: "http://127.0.0.1:1",
    controlPlane,
    control: { deployment, codeFile: () => codeFile },
  });
  const localhost = controlPlane.replace("127.0.0.1", "localhost");
  assert.ok(text.includes(`Console        ${localhost}/ `), "browsers make passkeys for names only");
  return text.split("\n").find((line) => line.includes("headgate init"));
}

test("the line that makes an owner is told only what another terminal would take otherwise", () => {
  const usual = "http://127.0.0.1:8701";
  const here = path.resolve("data/init-code");
  assert.equal(lineOf(usual, here), "  headgate init --name YOU --profile you.json");
  assert.equal(
    lineOf("http://127.0.0.1:9701", here),
    "  headgate init --name YOU --profile you.json --server http://127.0.0.1:9701",
  );
  assert.equal(
    lineOf("https://127.0.0.1:8701", "/srv/it's here/init-code"),
    String.raw`  HEADGATE_DATA='/srv/it'\''s here' headgate init --name YOU --profile you.json --server https://127.0.0.1:8701`,
  );
});
