// Whatever exceptions a document makes: a stage passes only on evidence that was made under the modes of its callers, over all
// chains, permits and receipts there may be.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { BodyOf, Permit } from "../acts/bodies.ts";
import { digestOfLabel, idOf } from "../acts/fixtures.ts";
import { emptyState } from "../acts/state.ts";
import { Instant, Name, PersonId, PublicKey, ReceiptId, timestampOf } from "../terms/ids.ts";
import { type Moded, SafeguardMode, modesFor, modesWord } from "../terms/safeguard-mode.ts";
import { OpenStage } from "../terms/stage.ts";
import { FailureKind } from "../terms/trial.ts";
import { type AssessInput, type RunFacts, type SuiteFacts, assess } from "./assess.ts";
import { ReleasePlan } from "./plan-document.ts";

const small = Name.parse("small");
const at = Instant.parse(Date.parse("2026-03-11T00:00:00.000Z"));
const itemCount = 20;
const items = Array.from({ length: itemCount }, (_, number) => ({
  id: digestOfLabel(`item ${number}`),
  cluster: `${number}`,
}));
const types: Name[] = ["partner", "press"].map((type) => Name.parse(type));

const plan = ReleasePlan.parse({
  kind: "ReleasePlan",
  model: "small",
  safeguards: "default",
  policy: "default",
  stages: OpenStage.options.map((stage) => ({
    stage,
    audience: { types: ["partner"] },
    requires: [
      { id: "measure", suite: "core", measure: "rate", upper: 0.2, confidence: 0.9 },
      { id: "board", signOffs: [{ role: "owner", count: 1 }] },
    ],
    certificate: { validDays: 30 },
  })),
});

interface Case {
  readonly chain: readonly Moded[];
  readonly failure: FailureKind;
  /** That is to be opened, and that the permit names. */
  readonly stage: OpenStage;
  readonly asked: OpenStage | undefined;
  /** What receipts say, where it is not what the permit asks for. */
  readonly said: readonly SafeguardMode[] | undefined;
}

const mode = fc.constantFrom(...SafeguardMode.options);
const stages = fc.constantFrom(...OpenStage.options);
const someStages = fc.subarray([...OpenStage.options], { minLength: 1 });
const exception: fc.Arbitrary<NonNullable<Moded["except"]>[number]> = fc.oneof(
  fc.record({ stages: someStages, mode }),
  fc.record({ types: fc.subarray([...types], { minLength: 1 }), mode }),
  fc.record({ stages: someStages, types: fc.subarray([...types], { minLength: 1 }), mode }),
);
const chain = fc.array(fc.record({ mode, except: fc.array(exception, { minLength: 1, maxLength: 3 }) }), {
  minLength: 1,
  maxLength: 2,
});
const cases: fc.Arbitrary<Case> = chain.chain((of) =>
  fc.record({
    chain: fc.constant(of),
    failure: fc.constantFrom(...FailureKind.options),
    stage: stages,
    asked: fc.option(stages, { nil: undefined }),
    said: fc.option(fc.array(mode, { minLength: of.length, maxLength: of.length }), { nil: undefined, freq: 2 }),
  }),
);

function receiptOf(number: number): ReceiptId {
  return ReceiptId.parse(`rcpt_${String(number).padStart(24, "0")}`);
}

/** The case of a clean run: nothing is against it but, perhaps, its modes. */
function inputOf({ chain: of, failure, stage, asked, said }: Case): AssessInput {
  const word = modesWord(said ?? modesFor(of, { kind: "evaluation", failure, stage: asked }));
  const suite: SuiteFacts = {
    name: Name.parse("core"),
    suite: digestOfLabel("suite"),
    grader: digestOfLabel("grader"),
    measure: Name.parse("rate"),
    failure,
    items,
  };
  const configuration = {
    model: digestOfLabel("model"),
    safeguards: digestOfLabel("safeguards"),
    policy: digestOfLabel("policy"),
  };
  const permit: Permit = {
    permit: idOf.permit("one"),
    run: idOf.run("one"),
    hash: digestOfLabel("secret"),
    model: small,
    slot: "candidate",
    ...(asked === undefined ? {} : { stage: asked }),
    digests: { ...configuration, suite: suite.suite, grader: suite.grader },
    items: { root: digestOfLabel("items"), count: itemCount },
    attempts: 1,
    tokens: 1,
    notAfter: timestampOf(at),
    analysis: { measure: suite.measure, rule: "fixed", trials: itemCount, confidence: 0.9 },
  };
  const person = PersonId.parse("person_0123456789abcdef");
  const given = { by: person, at: timestampOf(at), index: 1 };
  const body: BodyOf<"evidence"> = {
    run: permit.run,
    permit: permit.permit,
    basis: "measured-here",
    model: small,
    digests: permit.digests,
    measures: [{ name: suite.measure, failures: 0, trials: itemCount, clusters: itemCount, unknown: 0 }],
    samples: { root: digestOfLabel("samples"), count: itemCount, artefact: digestOfLabel("artefact") },
    source: null,
    flags: [],
  };
  const state = emptyState();
  state.permits.set(permit.permit, { ...permit, ...given });
  state.permitExchanges.set(permit.permit, itemCount);
  const act = digestOfLabel("evidence");
  state.evidence.set(act, { act, body, ...given, role: "owner", withdrawn: false });
  const outcome = failure === "refused" ? "safe" : failure === "solved" ? "harmful" : "refused";
  const run: RunFacts = {
    tries: items.map(({ id: item }, number) => ({
      item,
      attempt: 0,
      outcome,
      receipt: receiptOf(number),
      at: timestampOf(at),
    })),
    receipts: items.map(({ id: item }, number) => ({
      receipt: receiptOf(number),
      gateway: PublicKey.parse(`${"A".repeat(43)}=`),
      seq: number + 1,
      item,
      answered: true,
      at: timestampOf(at),
      modes: word,
    })),
  };
  const runs = new Map([[permit.permit, run]]);
  return { state, plan, stage, configuration, chain: of, suites: [suite], runs, proposal: undefined, at };
}

function verdictOn(one: Case): string | undefined {
  return assess(inputOf(one)).requirements.find(({ id }) => id === "measure")?.verdict;
}

const strictness = (of: SafeguardMode | undefined): number => SafeguardMode.options.findIndex((known) => known === of);

test("a stage passes only on what was measured under modes that no caller of it goes below, or above where refusals count", () => {
  let passed = 0;
  fc.assert(
    fc.property(cases, (one) => {
      if (verdictOn(one) !== "pass") return;
      passed += 1;
      const { chain: of, failure, stage, asked, said } = one;
      const measured = said ?? modesFor(of, { kind: "evaluation", failure, stage: asked });
      for (const type of [...types, Name.parse("another")])
        for (const [index, got] of modesFor(of, { kind: "caller", stage, type }).entries()) {
          const difference = strictness(got) - strictness(measured[index]);
          assert.ok(failure === "refused" ? difference <= 0 : difference >= 0, `${type} gets ${got}`);
        }
    }),
    { seed: 20_261_130, numRuns: 3000 },
  );
  assert.ok(passed > 300, `${passed} passed`);
});

test("a clean run for the stage itself passes, whatever exceptions there are", () => {
  fc.assert(
    fc.property(cases, (one) => {
      assert.equal(verdictOn({ ...one, asked: one.stage, said: undefined }), "pass");
    }),
    { seed: 20_261_130, numRuns: 500 },
  );
});

test("where a document makes no exceptions, what receipts and permits say of modes and stages changes nothing", () => {
  fc.assert(
    fc.property(cases, (one) => {
      const plain = one.chain.map(({ mode: of }) => ({ mode: of }));
      assert.equal(verdictOn({ ...one, chain: plain }), "pass");
    }),
    { seed: 20_261_130, numRuns: 200 },
  );
});
