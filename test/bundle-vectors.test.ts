// formats/bundles, and both verifiers of bundles: Headgate's own and the one in verifiers/bundle, which shares no line with it. Each comes
// to the same end, at the same step, of every decision and of every forgery.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { z } from "zod";
import { graderDigest } from "../src/evidence/graders/grader-digest.ts";
import { judgeFrame } from "../src/evidence/graders/judge-frame.ts";
import { toUtf8 } from "../src/proof/encoding.ts";
import { nodePrimitives } from "../src/proof/node.ts";
import { parseBundle } from "../src/report/bundle-file.ts";
import { verifyBundle } from "../src/report/verify-bundle.ts";
import { Failure } from "../src/terms/failure.ts";
import { type Digest, Instant } from "../src/terms/ids.ts";
import { type Vectors, forge, makeVectors, stories } from "./bundle-vectors.ts";

const root = join(import.meta.dirname, "..");
const kept = join(root, "formats", "bundles");
const second = join(root, "verifiers", "bundle");

let vectors: Vectors;
let folder = "";
let pin: Digest;
/** What the second verifier said of each file. */
let said: ReadonlyMap<string, Ended>;

interface Ended {
  readonly exit: number;
  readonly step: string | undefined;
}

before(async () => {
  vectors = await makeVectors();
  const { passes } = vectors.bundles;
  assert.ok(passes !== undefined);
  pin = passes.firstRoot;
  folder = mkdtempSync(join(tmpdir(), "headgate-vectors-"));
  for (const [name, bundle] of Object.entries(vectors.bundles)) write(name, JSON.stringify(bundle));
  for (const [at, forged] of vectors.forged.entries())
    write(`forged-${at}`, JSON.stringify(forge(vectors.bundles[forged.of ?? "passes"] ?? passes, forged)));
  write("no-json", "{");
  write("no-bundle", "{}");
  said = bySecond();
});

after(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write(name: string, text: string): void {
  writeFileSync(join(folder, `${name}.json`), text);
}

/** All files of the folder, in one process. */
function bySecond(): ReadonlyMap<string, Ended> {
  const program = `
import contextlib, io, json, os, sys
sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True
import verify
for name in sorted(os.listdir(sys.argv[2])):
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        code = verify.main([os.path.join(sys.argv[2], name), "--root", sys.argv[3]])
    print(json.dumps([name, code, out.getvalue()]))
`;
  const out = execFileSync("python3", ["-B", "-c", program, second, folder, pin], { encoding: "utf8" });
  const Line = z.tuple([z.string(), z.number(), z.string()]);
  return new Map(
    out
      .trim()
      .split("\n")
      .map((line) => {
        const [name, exit, text] = Line.parse(JSON.parse(line));
        return [basename(name, ".json"), { exit, step: /^FAIL {2}([a-z]+): /m.exec(text)?.[1] }] as const;
      }),
  );
}

/** As `headgate verify FILE --trust …` ends. */
async function byHeadgate(name: string): Promise<Ended> {
  try {
    const bundle = parseBundle(readFileSync(join(folder, `${name}.json`)));
    const options = { pin, plan: undefined, primitives: nodePrimitives, at: Instant.parse(Date.parse("2026-02-01")) };
    const { ok, firstDifference, certified, judgement } = await verifyBundle(bundle, options);
    if (!ok) return { exit: 1, step: firstDifference?.split(":")[0] };
    return { exit: certified && judgement?.verdict === "pass" ? 0 : 3, step: undefined };
  } catch (error) {
    if (error instanceof Failure) return { exit: 2, step: undefined };
    throw error;
  }
}

test("formats/bundles holds them, byte for byte", () => {
  const files = readdirSync(kept).toSorted();
  assert.deepEqual(files, [...Object.keys(stories), "forged"].map((name) => `${name}.json`).toSorted());
  const again: Readonly<Record<string, unknown>> = { ...vectors.bundles, forged: vectors.forged };
  for (const [name, value] of Object.entries(again)) {
    const text = readFileSync(join(kept, `${name}.json`), "utf8");
    const difference = lineApart(text, `${JSON.stringify(value, undefined, 1)}\n`);
    if (difference !== undefined)
      assert.fail(
        `formats/bundles/${name}.json, ${difference}\nWhere that is meant: node scripts/make-bundle-vectors.ts`,
      );
  }
});

test("a file that is not what is made is told by its first line that differs", () => {
  assert.equal(lineApart("one\ntwo\n", "one\ntwo\n"), undefined);
  assert.equal(lineApart("one\ntwo\n", "one\n2\nthree\n"), "line 2:\n  kept: two\n  made: 2");
  assert.equal(lineApart("one", "one\n"), "line 2:\n  kept: (it ends)\n  made: ");
  assert.ok((lineApart("", "x".repeat(50_000)) ?? "").length < 500, "a line may hold a whole bundle");
});

/** The first line that two texts do not share, in words; whole files of 48,000 characters tell nobody anything. */
function lineApart(there: string, made: string): string | undefined {
  if (there === made) return undefined;
  const [old, now] = [there.split("\n"), made.split("\n")];
  const at = old.findIndex((line, index) => line !== now[index]);
  const line = at < 0 ? old.length : at;
  return `line ${line + 1}:\n  kept: ${shown(old[line])}\n  made: ${shown(now[line])}`;
}

const shownChars = 200;

function shown(line: string | undefined): string {
  return line?.slice(0, shownChars) ?? "(it ends)";
}

test("no file of the second verifier has more than 450 lines without blank ones and comments", () => {
  for (const name of readdirSync(second).filter((file) => file.endsWith(".py"))) {
    const lines = readFileSync(join(second, name), "utf8").split("\n");
    assert.ok(lines.filter((line) => !/^\s*(?:#.*)?$/.test(line)).length <= 450, name);
  }
});

test("the second verifier knows the graders that ship by their digests", () => {
  const source = readFileSync(join(second, "evidence.py"), "utf8");
  for (const grader of ["refusal-rules@1", "exact@1", "response-classifier@1"] as const)
    assert.ok(source.includes(`"${grader}": "${graderDigest({ grader }, nodePrimitives)}"`), grader);
  assert.deepEqual(JSON.parse(readFileSync(join(root, "formats", "judge-frame.json"), "utf8")), judgeFrame);
});

describe("of a decision", () => {
  for (const [name, { exit, step, own }] of Object.entries(stories)) {
    test(`${name}: both verifiers come to the same`, async () => {
      assert.deepEqual(said.get(name), { exit, step });
      assert.deepEqual(await byHeadgate(name), { exit: own ?? exit, step });
    });
  }
});

describe("of a forgery", () => {
  test("both verifiers find the same first difference", async (t) => {
    for (const [at, { name }] of vectors.forged.entries()) {
      const found = await byHeadgate(`forged-${at}`);
      assert.equal(found.exit, 1, name);
      assert.deepEqual(said.get(`forged-${at}`), found, name);
    }
    t.diagnostic(`${vectors.forged.length} forgeries, each found by both at the same step`);
  });

  test("what is no bundle is no input for either", async () => {
    for (const name of ["no-json", "no-bundle"]) {
      assert.equal(said.get(name)?.exit, 2, name);
      assert.equal((await byHeadgate(name)).exit, 2, name);
    }
    assert.throws(() => parseBundle(toUtf8("[]")));
  });
});
