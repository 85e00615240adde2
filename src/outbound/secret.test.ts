// What a document may make this program read: nothing but named secrets.
import assert from "node:assert/strict";
import { mkdtemp, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { failureCode } from "../terms/failure.ts";
import { resolveSecret } from "./secret.ts";

let root = "";
let folder = "";
before(async () => {
  root = await mkdtemp(join(tmpdir(), "headgate-secret-"));
  folder = join(root, "secrets");
  await mkdir(join(folder, "..data"), { recursive: true });
  await writeFile(join(folder, "plain"), "sk-1234\n");
  await writeFile(join(folder, "two-lines"), "a\nb\n");
  await writeFile(join(folder, "big"), "x".repeat(10_000));
  await writeFile(join(folder, "..data", "mounted"), "sk-mounted");
  await symlink(join("..data", "mounted"), join(folder, "mounted"));
  await writeFile(join(root, "outside"), "sk-outside");
  await symlink(join(root, "outside"), join(folder, "escape"));
});
after(() => rm(root, { recursive: true }));

const refuses = (reference: string) =>
  assert.rejects(
    resolveSecret(reference, { environment: { UPSTREAM_EMPTY: "", HOME: "/root", UPSTREAM_BAD: "a\r\nb" }, folder }),
    (error) => failureCode(error) === "configuration_invalid" && !String(error).includes("sk-outside"),
  );

test("a variable named UPSTREAM_* and a file of the folder are read", async () => {
  const sources = { environment: { UPSTREAM_KEY: "sk-env" }, folder };
  assert.equal(await resolveSecret("env:UPSTREAM_KEY", sources), "sk-env");
  assert.equal(await resolveSecret("file:plain", sources), "sk-1234");
  assert.equal(await resolveSecret("file:mounted", sources), "sk-mounted");
});

test("other variables, inherited properties and secrets no header can carry are refused", async () => {
  for (const name of ["HOME", "UPSTREAM_NONE", "UPSTREAM_EMPTY", "UPSTREAM_BAD", "toString", "UPSTREAM_"]) {
    await refuses(`env:${name}`);
  }
});

test("traversal, hidden names, links out of the folder, folders and big files are refused", async () => {
  for (const name of ["../outside", "a/../../outside", ".", "..", "..data/mounted", "escape", "big", "two-lines", ""]) {
    await refuses(`file:${name}`);
  }
});

test("a secret written out instead of named is refused without being repeated", async () => {
  await assert.rejects(resolveSecret("sk-written-out", { environment: {}, folder }), (error) => {
    return failureCode(error) === "configuration_invalid" && !String(error).includes("sk-written-out");
  });
  await assert.rejects(resolveSecret("file:plain", { environment: {}, folder: undefined }));
});
