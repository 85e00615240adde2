// Which modes somebody gets, over all documents: an evaluation never has stricter ones than a caller where it measures what
// gets through, nor milder ones where it measures what is refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { z } from "zod";
import { Name } from "./ids.ts";
import {
  ModeException,
  type Moded,
  ModesWord,
  SafeguardMode,
  moded,
  modesAt,
  modesFor,
  modesWord,
} from "./safeguard-mode.ts";
import { OpenStage } from "./stage.ts";

const types = ["partner", "evaluator", "press"].map((type) => Name.parse(type));
const modes = fc.constantFrom(...SafeguardMode.options);
const some = <T>(...of: readonly T[]): fc.Arbitrary<T[] | undefined> =>
  fc.option(fc.subarray([...of], { minLength: 1 }), { nil: undefined });
const exception = fc
  .record({ stages: some(...OpenStage.options), types: some(...types.slice(0, 2)), mode: modes })
  .filter(({ stages, types: of }) => stages !== undefined || of !== undefined);
const chains: fc.Arbitrary<readonly Moded[]> = fc.array(
  fc.record({
    mode: modes,
    except: fc.option(fc.array(exception, { minLength: 1, maxLength: 4 }), { nil: undefined }),
  }),
  { minLength: 1, maxLength: 4 },
);
const strictness = (of: SafeguardMode): number => SafeguardMode.options.indexOf(of);

test("no caller of a stage gets milder modes than misuse is measured under there, nor stricter ones than refusals", () => {
  const caller = fc.record({
    stage: fc.constantFrom(...OpenStage.options),
    type: fc.constantFrom(...types),
    isOfAll: fc.boolean(),
  });
  fc.assert(
    fc.property(chains, caller, (chain, { stage, type, isOfAll }) => {
      const asked = { kind: "evaluation", ...(isOfAll ? {} : { stage }) } as const;
      const mildest = modesFor(chain, { ...asked, failure: "served-and-harmful" });
      const strictest = modesFor(chain, { ...asked, failure: "refused" });
      for (const [at, got] of modesFor(chain, { kind: "caller", stage, type }).entries()) {
        assert.ok(strictness(mildest[at] ?? "block") <= strictness(got));
        assert.ok(strictness(strictest[at] ?? "off") >= strictness(got));
      }
    }),
    { seed: 20_261_130, numRuns: 2000 },
  );
});

test("each mode that an evaluation has is one that some caller gets, so that it is not stricter or milder than it must be", () => {
  const everyone = [...types, Name.parse("nobody-names-this")];
  fc.assert(
    fc.property(chains, fc.constantFrom(...OpenStage.options), (chain, stage) => {
      for (const one of chain) {
        const reached = new Set(everyone.map((type) => modesFor([one], { kind: "caller", stage, type })[0]));
        // A type that an earlier exception covers may hide a later one: then the evaluation errs on the safe side.
        if (!modesAt(one, stage).every((mode) => reached.has(mode))) continue;
        for (const failure of ["served-and-harmful", "refused"] as const)
          assert.ok(reached.has(modesFor([one], { kind: "evaluation", failure, stage })[0]));
      }
    }),
    { seed: 20_261_130, numRuns: 500 },
  );
});

test("the first exception that fits counts, and one that asks for what is not known does not fit", () => {
  const chain: readonly Moded[] = [
    {
      mode: "block",
      except: [
        { stages: ["internal"], types: [Name.parse("evaluator")], mode: "off" },
        { stages: ["internal"], mode: "shadow" },
        { types: [Name.parse("evaluator")], mode: "flag" },
      ],
    },
  ];
  const got = (stage?: OpenStage, type?: string): SafeguardMode | undefined =>
    modesFor(chain, { kind: "caller", stage, type: type === undefined ? undefined : Name.parse(type) })[0];
  assert.equal(got("internal", "evaluator"), "off");
  assert.equal(got("internal", "partner"), "shadow");
  assert.equal(got("internal"), "shadow");
  assert.equal(got("general", "evaluator"), "flag");
  assert.equal(got(undefined, "evaluator"), "flag");
  assert.equal(got("general", "partner"), "block");
  assert.equal(got(), "block");
  assert.deepEqual(
    modesAt(chain[0] ?? { mode: "off" }, "internal"),
    ["off", "shadow"],
    "the last two are never reached",
  );
});

test("an exception for everybody is none", () => {
  assert.equal(ModeException.safeParse({ mode: "flag" }).success, false);
  assert.equal(ModeException.safeParse({ stages: [], mode: "flag" }).success, false);
  assert.equal(ModeException.safeParse({ stages: ["withheld"], mode: "flag" }).success, false);
  assert.equal(ModeException.safeParse({ stages: ["internal"], mode: "observe" }).success, false);
});

test("an exception that those before it cover is refused, and so it is never one that somebody gets", () => {
  const Excepted = z.strictObject({ except: moded.except });
  const isRefused = (...except: readonly object[]): boolean => !Excepted.safeParse({ except }).success;
  const [everybody, staff] = [
    { stages: ["internal"], mode: "flag" },
    { types: ["staff"], mode: "off" },
  ];
  assert.ok(isRefused(everybody, { stages: ["internal"], types: ["press"], mode: "block" }));
  assert.ok(isRefused(everybody, everybody));
  assert.ok(isRefused(staff, { stages: ["general"], types: ["staff"], mode: "block" }));
  assert.ok(!isRefused(everybody, staff));
  assert.ok(!isRefused({ stages: ["internal"], types: ["press"], mode: "block" }, everybody));
  assert.ok(!isRefused(staff, { types: ["staff", "press"], mode: "block" }));
  assert.ok(!isRefused(everybody, { stages: ["internal", "general"], mode: "block" }));
  const everyone = [...types, Name.parse("nobody-names-this")];
  fc.assert(
    fc.property(fc.array(exception, { minLength: 1, maxLength: 4 }), (except) => {
      // Each in its turn with a mode of its own: who gets it?
      const dead = except.findIndex((_, at) => {
        const marked = except.map((one, index) => ({ ...one, mode: index === at ? "off" : "block" }) as const);
        const gets = (stage: OpenStage, type: Name): boolean =>
          modesFor([{ mode: "block", except: marked }], { kind: "caller", stage, type })[0] === "off";
        return !OpenStage.options.some((stage) => everyone.some((type) => gets(stage, type)));
      });
      assert.equal(isRefused(...except), dead >= 0);
    }),
    { seed: 20_261_130, numRuns: 1000 },
  );
});

test("modes are a word where not all of them are block", () => {
  assert.equal(modesWord(["block", "block"]), undefined);
  assert.equal(modesWord(["block", "shadow"]), "block,shadow");
  assert.ok(ModesWord.safeParse("block,shadow").success);
  for (const wrong of ["", "block,", "enforce", "block shadow", Array.from({ length: 9 }, () => "off").join()])
    assert.equal(ModesWord.safeParse(wrong).success, false, wrong);
});
