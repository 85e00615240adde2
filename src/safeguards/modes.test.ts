// Modes of safeguards in a chain: a stricter one never lets more through, one in shadow changes nothing, and no document
// leaves a side unguarded.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { decide } from "../policy/decide.ts";
import { UsagePolicy } from "../policy/policy-document.ts";
import { type Band, type Category, type Inspection, type Surface, type Verdict, lets } from "../terms/finding.ts";
import { Digest, Name } from "../terms/ids.ts";
import { SafeguardMode } from "../terms/safeguard-mode.ts";
import { type Chain, compileChain, compileChains } from "./chain.ts";
import { shippedSafeguards, type Registry } from "./registry.ts";
import type { Safeguard } from "./safeguard.ts";
import { Safeguards } from "./safeguards-document.ts";
import { createStreamGuard } from "./stream/stream-guard.ts";

/** Finds words of its own name: `one-block` in the band block, `one-review` for review; breaks on `one-break`. */
function safeguardCalled(name: string): Safeguard {
  return {
    name,
    version: 1,
    digest: Digest.parse(`sha256:${"0".repeat(64)}`),
    maxChars: name === "short" ? 200 : 5000,
    thresholds: () => ({ review: {}, block: {} }),
    scores: () => {
      throw new Error("not asked here");
    },
    inspect: (text): Inspection => {
      if (text.includes(`${name}-break`)) throw new Error("broken");
      const bands: readonly Band[] = ["block", "review"];
      return {
        kind: "inspected",
        findings: bands.flatMap((band) => {
          const at = text.indexOf(`${name}-${band}`);
          const category: Category = "cyber";
          return at < 0 ? [] : [{ category, score: 1, band, span: [at, at + 1] as const, detector: `${name}@1` }];
        }),
      };
    },
  };
}

const registry: Registry = {
  names: ["one@1", "two@1", "short@1"],
  get: (name) => safeguardCalled(name.split("@")[0] ?? ""),
};
const limits = { block: { benignRate: 0.005 }, review: { benignRate: 0.02 } };
const entry = (name: string, change: object = {}): object => ({
  safeguard: `${name}@1`,
  on: ["input", "output"],
  ...limits,
  ...change,
});
const documentOf = (chain: readonly object[]): unknown => ({
  kind: "Safeguards",
  name: "default",
  chain,
  stream: { holdBackChars: 10, windowChars: 120 },
});
const chainOf = (...chain: readonly object[]): Chain => compileChain(Safeguards.parse(documentOf(chain)), registry);
const policy = UsagePolicy.parse({ kind: "UsagePolicy", name: "default", categories: [] });
const decideOn =
  (surface: Surface) =>
  (inspection: Inspection): Verdict =>
    decide(inspection, policy, { scopes: [], surface });

async function verdicts(chain: Chain, text: string): Promise<Readonly<Record<Surface, Verdict>>> {
  return {
    input: decideOn("input")(await chain.inspectInput([text])),
    output: decideOn("output")(chain.inspectOutput(text)),
  };
}

/** What of an answer leaves, sent letter by letter, and whether all of it does. */
function streamed(chain: Chain, text: string): { readonly sent: string; readonly isStopped: boolean } {
  const guard = createStreamGuard(chain, decideOn("output"), { outputCharsMax: 100_000 });
  let sent = "";
  for (const letter of text) {
    const step = guard.push(letter);
    sent += step.text;
    if (step.kind === "stop") return { sent, isStopped: true };
  }
  const last = guard.finish();
  return { sent: sent + last.text, isStopped: last.kind === "stop" };
}

const parts = fc.constantFrom(
  "one-block ",
  "one-review ",
  "one-break ",
  "two-block ",
  "two-review ",
  "two-break ",
  "plain words of some length ",
);
const texts = fc.array(parts, { maxLength: 8 }).map((all) => all.join(""));
const mode = fc.constantFrom(...SafeguardMode.options);
const strictness = (of: SafeguardMode): number => SafeguardMode.options.indexOf(of);
const order = ["pass", "flag", "review", "block", "unknown"] as const;

test("a stricter mode of any safeguard never lets more through, whole or streamed", async () => {
  const three = fc.tuple(mode, mode, mode);
  await fc.assert(
    fc.asyncProperty(texts, three, async (text, [first, second, other]) => {
      const [mild, strict] = [first, second].toSorted((a, b) => strictness(a) - strictness(b));
      const chain = (of: SafeguardMode | undefined): Chain =>
        chainOf(entry("one", { mode: of }), entry("two", { mode: other }), entry("three", { mode: "flag" }));
      const [milder, stricter] = [chain(mild), chain(strict)];
      const [before, after] = [await verdicts(milder, text), await verdicts(stricter, text)];
      for (const surface of ["input", "output"] as const) {
        assert.ok(order.indexOf(after[surface].kind) >= order.indexOf(before[surface].kind), surface);
        if (!lets(before[surface])) assert.ok(!lets(after[surface]));
      }
      const [more, less] = [streamed(milder, text), streamed(stricter, text)];
      assert.ok(more.sent.startsWith(less.sent) && (less.isStopped || !more.isStopped));
    }),
    { seed: 20_261_130, numRuns: 300 },
  );
});

test("a safeguard in shadow changes no verdict, finds or breaks, and is on record with what it would have done", async () => {
  await fc.assert(
    fc.asyncProperty(
      texts,
      mode.filter((of) => of !== "off" && of !== "shadow"),
      async (text, of) => {
        const alone = chainOf(entry("one", { mode: of }));
        const beside = chainOf(
          entry("one", { mode: of }),
          entry("two", { mode: "shadow" }),
          entry("short", { mode: "shadow" }),
        );
        const [without, withShadow] = [await alone.inspectInput([text]), await beside.inspectInput([text])];
        const { shadow, ...rest } = withShadow;
        assert.deepEqual(rest, { ...without });
        assert.deepEqual(streamed(beside, text), streamed(alone, text));
        assert.ok(shadow !== undefined);
        const would = await chainOf(entry("two"), entry("short")).inspectInput([text]);
        assert.deepEqual(
          decideOn("input")(shadow),
          decideOn("input")(would),
          "as if it were the only one, and blocked",
        );
      },
    ),
    { seed: 20_261_130, numRuns: 200 },
  );
});

async function both(of: SafeguardMode, text: string): Promise<readonly string[]> {
  const { input, output } = await verdicts(chainOf(entry("one", { mode: of }), entry("two")), text);
  return [input.kind, output.kind];
}

test("review makes a block a review, flag makes everything a flag, off says nothing at all", async () => {
  assert.deepEqual(await both("block", "one-block"), ["block", "block"]);
  assert.deepEqual(await both("review", "one-block"), ["review", "review"]);
  assert.deepEqual(await both("review", "one-review"), ["review", "review"]);
  assert.deepEqual(await both("flag", "one-block"), ["flag", "flag"]);
  for (const silent of ["shadow", "off"] as const) assert.deepEqual(await both(silent, "one-block"), ["pass", "pass"]);
  for (const closing of ["block", "review", "flag"] as const)
    assert.deepEqual(await both(closing, "one-break"), ["unknown", "unknown"], closing);
  for (const silent of ["shadow", "off"] as const) assert.deepEqual(await both(silent, "one-break"), ["pass", "pass"]);
});

test("an entry in review mode does not soften the same safeguard that blocks", async () => {
  for (const chain of [
    [entry("one", { mode: "review" }), entry("one")],
    [entry("one"), entry("one", { mode: "review" })],
  ])
    assert.equal((await verdicts(chainOf(...chain), "one-block")).input.kind, "block");
});

function isDocument(...chain: readonly object[]): boolean {
  return Safeguards.safeParse(documentOf(chain)).success;
}

test("a document that may leave a side with nothing in effect is refused, and so is a rule for everybody", () => {
  assert.ok(isDocument(entry("one", { mode: "flag" })));
  for (const silent of ["off", "shadow"]) {
    assert.ok(!isDocument(entry("one", { mode: silent })));
    assert.ok(isDocument(entry("one", { mode: silent }), entry("two", { mode: "flag" })));
    assert.ok(!isDocument(entry("one", { mode: silent }), entry("two", { on: ["input"] })), "answers");
    const except = [{ stages: ["internal"], mode: silent }];
    assert.ok(!isDocument(entry("one", { except })));
    assert.ok(isDocument(entry("one", { except }), entry("two")));
    assert.ok(!isDocument(entry("one", { except }), entry("two", { except })));
    const others = [{ types: ["press"], mode: silent }];
    assert.ok(
      !isDocument(entry("one", { except }), entry("two", { except: others })),
      "both for the press, at internal",
    );
  }
  assert.ok(!isDocument(entry("one", { except: [{ mode: "flag" }] })));
  assert.ok(!isDocument(entry("one", { except: [] })));
  assert.ok(!isDocument(entry("one", { mode: "observe" })));
  assert.ok(
    !isDocument(entry("one", { except: Array.from({ length: 9 }, (_, at) => ({ types: [`a${at}`], mode: "flag" })) })),
  );
});

function isLong(change: object): boolean {
  const patterns = [{ name: "long", category: "privacy", words: ["x".repeat(30)] }];
  const chain = [entry("one"), { safeguard: "patterns@1", on: ["output"], patterns, ...change }];
  return Safeguards.safeParse(documentOf(chain)).success;
}

test("what a pattern finds for some callers only is held back for all", () => {
  assert.ok(isLong({ mode: "flag" }));
  assert.ok(!isLong({ mode: "flag", except: [{ stages: ["general"], mode: "review" }] }));
});

test("a chain that was put together around nothing in effect judges nothing", async () => {
  const parsed = Safeguards.parse(documentOf([entry("one", { mode: "flag" })]));
  const chain = parsed.chain.map((one) => ({ ...one, mode: "shadow" as const }));
  const silent = compileChain({ ...parsed, chain }, registry);
  assert.deepEqual(await silent.inspectInput(["fine"]), { kind: "unknown", cause: "not-configured" });
  assert.deepEqual(silent.inspectOutput("fine"), { kind: "unknown", cause: "not-configured" });
});

test("the same modes are the same chain, whoever has them, and other modes another", () => {
  const except = [{ stages: ["internal"], types: ["staff"], mode: "flag" }];
  const chains = compileChains(Safeguards.parse(documentOf([entry("one", { except }), entry("two")])), registry);
  const [staff, press] = [Name.parse("staff"), Name.parse("press")];
  const own = chains.for({ kind: "caller" });
  assert.equal(chains.for({ kind: "caller", stage: "general", type: staff }), own);
  assert.equal(chains.for({ kind: "caller", stage: "internal", type: press }), own);
  assert.equal(own.modes, undefined);
  const other = chains.for({ kind: "caller", stage: "internal", type: staff });
  assert.equal(other.modes, "flag,block");
  assert.equal(chains.for({ kind: "evaluation", failure: "served-and-harmful" }), other);
  assert.equal(chains.for({ kind: "evaluation", failure: "served-and-harmful", stage: "general" }), own);
  assert.equal(chains.for({ kind: "evaluation", failure: "refused" }), own);
});

test("rates of a category are its own on both sides, the others keep the entry's", () => {
  const shipped = shippedSafeguards();
  const misuse = shipped.get("misuse@4");
  const categories = [
    { category: "cyber", block: { benignRate: 0.001 } },
    { category: "jailbreak", review: { benignRate: 0.05 } },
  ];
  const seen: unknown[] = [];
  const watched: Registry = {
    names: shipped.names,
    get: () => ({
      ...misuse,
      openAnswer: (thresholds, shape) => {
        seen.push(thresholds);
        return misuse.openAnswer?.(thresholds, shape) ?? { read: () => ({ kind: "unknown", cause: "failed" }) };
      },
    }),
  };
  const one = { safeguard: "misuse@4", on: ["input", "output"], ...limits, categories };
  compileChain(Safeguards.parse(documentOf([one])), watched).inspectOutput("fine");
  const rates = { block: 0.005, review: 0.02 };
  const usual = misuse.thresholds(rates, "output");
  assert.deepEqual(seen[0], {
    block: { ...usual.block, cyber: misuse.thresholds({ ...rates, block: 0.001 }, "output").block.cyber },
    review: usual.review,
  });
  const isLimited = (of: readonly object[]): boolean =>
    Safeguards.safeParse(documentOf([{ ...one, categories: of }])).success;
  assert.ok(!isLimited([{ category: "cyber" }]));
  assert.ok(!isLimited([{ category: "cyber", block: { benignRate: 0.05 } }]), "over the entry's review rate");
  assert.ok(isLimited([{ category: "cyber", block: { benignRate: 0.05 }, review: { benignRate: 0.1 } }]));
  assert.ok(!isLimited([{ category: "cyber", review: { benignRate: 0.001 } }]));
  assert.ok(!isLimited([{ category: "cyber", review: { benignRate: 0.2 } }]));
  assert.ok(!isLimited([categories[0] ?? {}, categories[0] ?? {}]), "twice");
  assert.ok(!isLimited([]));
});
