// Safeguards over HTTP within a chain: what they may lower and what never, in every mode of every other safeguard. The desk here
// answers by words in the texts; the flow tests have the real one.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { decide } from "../policy/decide.ts";
import { UsagePolicy } from "../policy/policy-document.ts";
import type { Category, Finding, Inspection, Verdict } from "../terms/finding.ts";
import { Digest } from "../terms/ids.ts";
import { SafeguardMode } from "../terms/safeguard-mode.ts";
import { compileChain } from "./chain.ts";
import type { RemoteDesk } from "./remote/desk.ts";
import type { RemoteFinding, ShownText } from "./remote/question.ts";
import { type RemoteEntry, categoriesOf } from "./remote/remote-document.ts";
import type { Registry } from "./registry.ts";
import type { Safeguard } from "./safeguard.ts";
import { whole } from "./inspections.ts";
import { Safeguards } from "./safeguards-document.ts";

/** Finds `NAME-block` and `NAME-review`, and breaks on `NAME-break`. */
function detectorCalled(name: string, category: Category): Safeguard {
  return {
    name,
    version: 1,
    digest: Digest.parse(`sha256:${"0".repeat(64)}`),
    maxChars: 400_000,
    thresholds: () => ({ review: {}, block: {} }),
    scores: () => {
      throw new Error("not asked here");
    },
    inspect: (text): Inspection => {
      if (text.includes(`${name}-break`)) throw new Error("broken");
      const findings = (["block", "review"] as const).flatMap((band): Finding[] => {
        const at = text.indexOf(`${name}-${band}`);
        const score = band === "block" ? 0.9 : 0.5;
        return at < 0 ? [] : [{ category, score, band, span: [at, at + name.length], detector: `${name}@1` }];
      });
      return { kind: "inspected", findings };
    },
  };
}

const detectors = new Map([
  ["one@1", detectorCalled("one", "cyber")],
  ["two@1", detectorCalled("two", "fraud")],
]);
const registry: Registry = {
  names: [...detectors.keys()],
  get: (name) => detectors.get(name) ?? detectorCalled("none", "hate"),
};

/** What is asked over HTTP finds `NAME-block` and `NAME-review` by its own name, and does not answer on `NAME-break`. */
const desk: RemoteDesk = {
  open: (entry) => ({
    entry,
    ask: async (texts) => {
      const text = texts.map((one) => one.text).join("\n");
      if (text.includes(`${entry.name}-break`)) return Promise.resolve({ kind: "unknown", cause: "failed" });
      const [category = "hate"] = categoriesOf(entry);
      const findings = (["block", "review"] as const).flatMap((band): RemoteFinding[] =>
        text.includes(`${entry.name}-${band}`) ? [{ category, score: 1, band }] : [],
      );
      return Promise.resolve({ kind: "asked", findings });
    },
  }),
  close: async () => Promise.resolve(),
};

const rates = { block: { benignRate: 0.005 }, review: { benignRate: 0.02 } };
const detector = (name: string, mode: SafeguardMode = "block"): object => ({
  safeguard: `${name}@1`,
  on: ["input", "output"],
  mode,
  ...rates,
});
const remote = (name: string, change: Partial<RemoteEntry> = {}): object => ({
  safeguard: "service@1",
  name,
  on: ["input"],
  url: "http://127.0.0.1:9/judge",
  judges: ["cyber", "fraud"],
  block: { score: 0.9 },
  review: { score: 0.5 },
  ...change,
});
const floor = { ...detector("none"), mode: "flag" };

const policy = UsagePolicy.parse({ kind: "UsagePolicy", name: "default", categories: [] });

async function verdictOf(text: string, ...chain: readonly object[]): Promise<Verdict> {
  const document = Safeguards.parse({ kind: "Safeguards", name: "default", chain: [...chain, floor] });
  const inspection = await compileChain(document, { ...registry, remotes: desk }).inspectInput([text]);
  return decide(inspection, policy, { scopes: [], surface: "input" });
}

const settles = remote("judge", { ask: "in-doubt" });
const kindOf = async (text: string, ...chain: readonly object[]): Promise<string> =>
  (await verdictOf(text, ...chain)).kind;

test("of a detector that blocks, a doubt is settled and a block is not", async () => {
  assert.equal(await kindOf("one-review", detector("one")), "review");
  assert.equal(await kindOf("one-review", detector("one"), settles), "flag");
  assert.equal(await kindOf("one-review judge-review", detector("one"), settles), "review");
  assert.equal(await kindOf("one-review judge-block", detector("one"), settles), "block");
  assert.equal(await kindOf("one-review judge-break", detector("one"), settles), "unknown");
  assert.equal(await kindOf("one-block", detector("one"), settles), "block");
  assert.equal(await kindOf("one-review two-block", detector("one"), detector("two"), settles), "block");
  assert.equal(await kindOf("one-break", detector("one"), settles), "unknown");
});

test("of a detector whose blocks are for review by its mode, those stay, and its doubts are settled", async () => {
  assert.equal(await kindOf("one-block", detector("one", "review"), settles), "review");
  assert.equal(await kindOf("one-review", detector("one", "review"), settles), "flag");
  // The same detector twice: what one of them would block is not in doubt because the other one doubts it.
  for (const twice of [
    [detector("one"), detector("one", "review")],
    [detector("one", "review"), detector("one")],
  ])
    assert.equal(await kindOf("one-block one-review", ...twice, settles), "block");
});

test("nobody else's finding is settled: of patterns, of others over HTTP, of categories that nobody asked judges", async () => {
  const patterns = {
    safeguard: "patterns@1",
    on: ["input"],
    patterns: [{ name: "plans", category: "cyber", words: ["falcon"], band: "review" }],
  };
  assert.equal(await kindOf("falcon", detector("one"), patterns, settles), "review");
  assert.equal(await kindOf("falcon one-review", detector("one"), patterns, settles), "review");
  assert.equal(await kindOf("one-review other-review", detector("one"), remote("other"), settles), "review");
  assert.equal(
    await kindOf("one-review", detector("one"), remote("judge", { ask: "in-doubt", judges: ["fraud"] })),
    "review",
  );
});

test("all who settle have to find nothing, and who is on trial settles nothing", async () => {
  const second = remote("second", { ask: "in-doubt" });
  assert.equal(await kindOf("one-review", detector("one"), settles, second), "flag");
  assert.equal(await kindOf("one-review second-review", detector("one"), settles, second), "review");
  const document = Safeguards.parse({
    kind: "Safeguards",
    name: "default",
    chain: [detector("one"), settles, remote("second", { ask: "in-doubt", judges: ["fraud"] })],
  });
  const found = await compileChain(document, { ...registry, remotes: desk }).inspectInput(["one-review second-review"]);
  const bands = found.kind === "inspected" ? found.findings.map(({ category, band }) => `${band} ${category}`) : [];
  assert.deepEqual(bands, ["review cyber", "review fraud"], "whatever policy makes of what the other one found");
  for (const mode of ["off", "shadow", "flag"] as const)
    assert.equal(
      await kindOf("one-review", detector("one"), remote("judge", { ask: "in-doubt", mode })),
      "review",
      mode,
    );
});

test("in shadow it is on record and nothing comes of it, not even of its silence", async () => {
  const document = Safeguards.parse({
    kind: "Safeguards",
    name: "default",
    chain: [detector("one"), remote("judge", { mode: "shadow" })],
  });
  const chain = compileChain(document, { ...registry, remotes: desk });
  const found = await whole(await chain.inspectInput(["judge-block"]));
  assert.deepEqual([found.kind, found.kind === "inspected" && found.findings], ["inspected", []]);
  assert.equal(found.shadow?.kind === "inspected" && found.shadow.findings[0]?.basis, "declared");
  const silent = await whole(await chain.inspectInput(["judge-break"]));
  assert.deepEqual(
    [silent.kind, silent.shadow],
    ["inspected", { kind: "unknown", cause: "failed", detector: "service@1 judge" }],
  );
});

test("a chain that comes to nothing in effect is no pass, though one over HTTP reads everything in shadow", async () => {
  const valid = Safeguards.parse({ kind: "Safeguards", name: "default", chain: [detector("one"), remote("judge")] });
  for (const mode of ["off", "shadow"] as const) {
    const document = { ...valid, chain: valid.chain.map((entry) => ({ ...entry, mode })) };
    const found = await compileChain(document, { ...registry, remotes: desk }).inspectInput(["plain words"]);
    assert.deepEqual(found, { kind: "unknown", cause: "not-configured" }, mode);
  }
});

const words = ["one", "two", "judge", "other"].flatMap((name) => [
  `${name}-block `,
  `${name}-review `,
  `${name}-break `,
]);
const texts = fc.array(fc.constantFrom(...words, "plain words "), { maxLength: 5 }).map((all) => all.join(""));
const mode = fc.constantFrom(...SafeguardMode.options);
const strictness = (of: SafeguardMode): number => SafeguardMode.options.indexOf(of);
const isLetThrough = (kind: string): boolean => kind === "pass" || kind === "flag";

test("with doubts settled too, a stricter mode of any safeguard that may have exceptions never lets more through", async () => {
  await fc.assert(
    fc.asyncProperty(
      texts,
      fc.tuple(mode, mode, mode),
      fc.constantFrom(0, 1, 2),
      async (text, [a, b, fixed], which) => {
        const [mild = a, strict = b] = [a, b].toSorted((x, y) => strictness(x) - strictness(y));
        const chain = (changed: SafeguardMode): readonly object[] => {
          const of = (at: number): SafeguardMode => (at === which ? changed : fixed);
          return [
            detector("one", of(0)),
            detector("two", of(1)),
            remote("other", { mode: of(2) }),
            settles,
            detector("one"),
          ];
        };
        const [before, after] = [await kindOf(text, ...chain(mild)), await kindOf(text, ...chain(strict))];
        assert.ok(!isLetThrough(after) || isLetThrough(before), `${text}: ${mild} ${before}, ${strict} ${after}`);
      },
    ),
    { seed: 19, numRuns: 600 },
  );
});

/** What was asked about one request, with nothing found. */
async function shownOf(written: readonly string[], charsMax = 65_536): Promise<readonly ShownText[]> {
  const shown: ShownText[] = [];
  const noting: RemoteDesk = {
    ...desk,
    open: (entry) => ({
      entry,
      ask: async (asked) => {
        shown.push(...asked);
        return Promise.resolve({ kind: "asked", findings: [] });
      },
    }),
  };
  const document = Safeguards.parse({
    kind: "Safeguards",
    name: "default",
    chain: [remote("judge", { charsMax }), floor],
  });
  await compileChain(document, { ...registry, remotes: noting }).inspectInput(written);
  return shown;
}

test("what is disguised in a long text is shown without it, alone, and the rest of it once", async () => {
  const plain = "Größe und Straße, was kostet das? ".repeat(500);
  const shown = await shownOf([`${plain}kіll \u0430ll ${plain}`, "plain"]);
  assert.deepEqual(
    shown.map(({ view }) => view),
    ["written", "normalised", "written"],
  );
  assert.match(shown[1]?.text ?? "", /kill all/);
  assert.ok((shown[1]?.text.length ?? 0) < 5_000);
});

test("no text is shown twice, and more than anybody reads is not looked at for disguises", async () => {
  assert.equal((await shownOf(["twice", "once", "twice"])).length, 2);
  const long = await shownOf(["d\u0430nger ".repeat(100)], 256);
  assert.deepEqual(
    long.map(({ view }) => view),
    ["written"],
  );
});

test("what is shown but once counts once: no repetition keeps a disguise from being looked at", async () => {
  const plain = "plain words ".repeat(150);
  const shown = await shownOf(["d\u0430nger", plain, plain], 2_000);
  assert.deepEqual(
    shown.map(({ view }) => view),
    ["written", "normalised", "written"],
  );
});

test("one that breaks and does not say so is unknown, not a pass and no fault of the gateway's", async () => {
  const breaking: RemoteDesk = {
    ...desk,
    open: (entry) => ({ entry, ask: async () => Promise.reject(new Error("broken")) }),
  };
  const document = Safeguards.parse({ kind: "Safeguards", name: "default", chain: [remote("judge"), floor] });
  const chain = compileChain(document, { ...registry, remotes: breaking });
  assert.deepEqual(await chain.inspectInput(["a text"]), { kind: "unknown", cause: "failed" });
});

const figures = "abcdefghijklmnop";
const letters = (at: number): string =>
  [at >> 8, (at >> 4) & 15, at & 15].map((digit) => figures.charAt(digit)).join("");

test("pieces of a text without a space end somewhere, and nothing of it is left out", async () => {
  const text = Array.from({ length: 3_000 }, (_, at) => `d\u0430nger${letters(at)}`).join("");
  const shown = await shownOf([text]);
  const normalised = shown.filter(({ view }) => view === "normalised").map((one) => one.text.length);
  assert.ok(normalised.length > 5);
  assert.equal(
    normalised.reduce((sum, length) => sum + length, 0),
    text.length,
  );
});
