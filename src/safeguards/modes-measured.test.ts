// What an evaluation measures holds for callers: over documents of detectors, patterns that stop or redact, and judges that
// are asked always or in doubt, each with modes and exceptions, nobody's safeguards let through what those that misuse is measured
// under stop, and nobody's refuse what those that refusals are measured under serve.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { decide } from "../policy/decide.ts";
import { UsagePolicy } from "../policy/policy-document.ts";
import { type Band, type Category, type Inspection, type Surface, type Verdict, lets } from "../terms/finding.ts";
import { Digest, Name } from "../terms/ids.ts";
import { SafeguardMode } from "../terms/safeguard-mode.ts";
import { OpenStage } from "../terms/stage.ts";
import { type Chain, type ChainMeans, compileChains } from "./chain.ts";
import type { Remote } from "./remote/desk.ts";
import type { Safeguard } from "./safeguard.ts";
import { Safeguards } from "./safeguards-document.ts";
import { createStreamGuard } from "./stream/stream-guard.ts";

const bands: readonly Band[] = ["block", "review"];

/** A real safeguard, if a simple one: finds `NAME-block` and `NAME-review`, and breaks on `NAME-break`. */
function detectorCalled(name: string): Safeguard {
  return {
    name,
    version: 1,
    digest: Digest.parse(`sha256:${"0".repeat(64)}`),
    maxChars: 5000,
    thresholds: () => ({ review: {}, block: {} }),
    scores: () => {
      throw new Error("not asked here");
    },
    inspect: (text): Inspection => {
      if (text.includes(`${name}-break`)) throw new Error("broken");
      const category: Category = "cyber";
      const found = bands.filter((band) => text.includes(`${name}-${band}`));
      return {
        kind: "inspected",
        findings: found.map((band) => ({ category, score: 1, band, span: [0, 1], detector: `${name}@1` })),
      };
    },
  };
}

/** Judges by a word in the text, as a server would: `guilty` is found, `down` is no answer, all else is clean. */
const means: ChainMeans = {
  names: ["one@1", "two@1"],
  get: (name) => detectorCalled(name.split("@")[0] ?? ""),
  remotes: {
    open: (entry): Remote => ({
      entry,
      ask: async (texts) => {
        const text = texts.map((shown) => shown.text).join(" ");
        if (text.includes(`${entry.name}-down`)) return { kind: "unknown", cause: "timeout" };
        const isGuilty = text.includes(`${entry.name}-guilty`);
        return { kind: "asked", findings: isGuilty ? [{ category: "cyber", score: 1, band: "block" }] : [] };
      },
    }),
    close: async () => undefined,
  },
};

const types = ["partner", "press"].map((type) => Name.parse(type));
const mode = fc.constantFrom(...SafeguardMode.options);
const stages = fc.subarray([...OpenStage.options], { minLength: 1 });
const kinds = fc.subarray([...types], { minLength: 1 });
const exception = fc.oneof(
  fc.record({ stages, mode }),
  fc.record({ types: kinds, mode }),
  fc.record({ stages, types: kinds, mode }),
);
const moded = { mode, except: fc.option(fc.array(exception, { minLength: 1, maxLength: 2 }), { nil: undefined }) };
const rates = { block: { benignRate: 0.005 }, review: { benignRate: 0.02 } };
const detector = fc
  .record({ name: fc.constantFrom("one", "two"), ...moded })
  .map(({ name, ...rest }) => ({ safeguard: `${name}@1`, on: ["input", "output"], ...rates, ...rest }));
const patterns = fc
  .record({ band: fc.constantFrom("block", "review", "redact"), ...moded })
  .map(({ band, ...rest }) => ({
    safeguard: "patterns@1",
    on: ["input", "output"],
    patterns: [{ name: `a-${band}`, category: "privacy", words: [`pattern ${band}`], band }],
    ...rest,
  }));
const remote = { safeguard: "service@1", on: ["input"], url: "http://127.0.0.1:9/", judges: ["cyber"] };
const scores = { block: { score: 0.9 }, review: { score: 0.5 } };
const always = fc.record(moded).map((rest) => ({ ...remote, name: "always", ...scores, ...rest }));
const inDoubt = fc.record({ mode }).map((rest) => ({ ...remote, name: "doubts", ask: "in-doubt", ...scores, ...rest }));

const documents = fc
  .tuple(
    fc.array(fc.oneof(detector, patterns), { minLength: 1, maxLength: 3 }),
    fc.array(always, { maxLength: 1 }),
    fc.array(inDoubt, { maxLength: 1 }),
  )
  .map(([local, asked, doubts]) => {
    const chain = [...local, ...asked, ...doubts];
    const stream = { holdBackChars: 40, windowChars: 120 };
    return Safeguards.safeParse({ kind: "Safeguards", name: "default", chain, stream }).data;
  })
  .filter((document) => document !== undefined);
const words = fc.constantFrom(
  "one-block ",
  "one-review ",
  "one-break ",
  "two-block ",
  "two-review ",
  "pattern block ",
  "pattern review ",
  "pattern redact ",
  "always-guilty ",
  "always-down ",
  "doubts-guilty ",
  "doubts-down ",
  "plain words of some length ",
);
const texts = fc.array(words, { maxLength: 5 }).map((all) => all.join(""));

const policy = UsagePolicy.parse({ kind: "UsagePolicy", name: "default", categories: [] });

function decideOn(surface: Surface): (inspection: Inspection) => Verdict {
  return (inspection) => decide(inspection, policy, { scopes: [], surface });
}

interface Outcome {
  readonly isAsked: boolean;
  readonly isAnswered: boolean;
  /** What of an answer leaves where it is streamed; redacted text is not what the model said. */
  readonly isStreamed: boolean;
}

async function outcomeOf(chain: Chain, text: string): Promise<Outcome> {
  const guard = createStreamGuard(chain, decideOn("output"), { outputCharsMax: 100_000 });
  const pieces = text.match(/.{1,7}/gsu) ?? [];
  const isStreamed = pieces.every((piece) => guard.push(piece).kind === "release") && guard.finish().kind === "release";
  return {
    isAsked: lets(decideOn("input")(await chain.inspectInput([text]))),
    isAnswered: lets(decideOn("output")(chain.inspectOutput(text))),
    isStreamed,
  };
}

/** Whether all that `one` lets through `other` lets through. */
function isWithin(one: Outcome, other: Outcome): boolean {
  return (
    (!one.isAsked || other.isAsked) && (!one.isAnswered || other.isAnswered) && (!one.isStreamed || other.isStreamed)
  );
}

test("no caller of a stage gets through what misuse was measured without, nor is refused what refusals were measured without", async () => {
  const callers = fc.record({
    stage: fc.constantFrom(...OpenStage.options),
    type: fc.constantFrom(...types, Name.parse("another")),
    isOfAll: fc.boolean(),
  });
  let different = 0;
  await fc.assert(
    fc.asyncProperty(documents, callers, texts, async (document, { stage, type, isOfAll }, text) => {
      const chains = compileChains(document, means);
      const asked = { kind: "evaluation", ...(isOfAll ? {} : { stage }) } as const;
      const got = await outcomeOf(chains.for({ kind: "caller", stage, type }), text);
      const misuse = await outcomeOf(chains.for({ ...asked, failure: "served-and-harmful" }), text);
      const refusals = await outcomeOf(chains.for({ ...asked, failure: "refused" }), text);
      assert.ok(isWithin(got, misuse), "what gets through was measured");
      assert.ok(isWithin(refusals, got), "what is refused was measured");
      if (!isWithin(misuse, refusals)) different += 1;
    }),
    { seed: 20_261_130, numRuns: 1500 },
  );
  assert.ok(different > 25, `${different} cases in which it mattered`);
});
