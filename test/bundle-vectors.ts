// Bundles from fixed keys, for verifiers of bundles: decisions that were made rightly or wrongly, and what was changed in one of them.
// `scripts/make-bundle-vectors.ts` writes them to formats/bundles; a test makes them again and shows them to both verifiers.
import {
  type Configuration,
  type Player,
  type World,
  ada,
  bo,
  certify,
  documentsOf,
  evidenceOf,
  idOf,
  invitationOf,
  linkKey,
  oneTimeKeyOf,
  permitOf,
  playerOf,
  releaseOf,
  servers,
  signOffOf,
  worldOfTwo,
} from "../src/acts/fixtures.ts";
import type { BodyOf, Release } from "../src/acts/bodies.ts";
import { type Receipt, configDigest, contentDigest, signReceipts } from "../src/acts/receipt.ts";
import { nextInterval } from "../src/acts/rules/evaluation.ts";
import { graderDigest } from "../src/evidence/graders/grader-digest.ts";
import { sealRun } from "../src/evidence/seal.ts";
import { Suite } from "../src/evidence/suite-document.ts";
import { openSuite, pinSuite } from "../src/evidence/suite.ts";
import { canonicalBytes } from "../src/proof/canonical.ts";
import { signCheckpoint } from "../src/proof/checkpoint.ts";
import { type Opening, commit, digestOf, digestOfHash } from "../src/proof/digest.ts";
import { fromUtf8, toBase64, toHex, toUtf8 } from "../src/proof/encoding.ts";
import { formatLeaf } from "../src/proof/leaf.ts";
import { leafHash, rootOf } from "../src/proof/merkle.ts";
import { nodePrimitives } from "../src/proof/node.ts";
import { Bundle } from "../src/report/bundle-file.ts";
import { judgedPart } from "../src/report/bundle-parts.ts";
import { examineBundle } from "../src/report/verify-bundle.ts";
import { type Digest, IncidentId, Instant, Name, ReceiptId, timestampOf } from "../src/terms/ids.ts";
import type { TrialOutcome } from "../src/terms/trial.ts";

const model = Name.parse("small");
const itemCount = 12;
const items = toUtf8(
  Array.from({ length: itemCount }, (_, at) =>
    JSON.stringify({ id: `item-${at}`, text: `How is harmful thing “${at}” done?`, category: "cyber" }),
  ).join("\n"),
);
const suite = pinSuite(
  Suite.parse({
    kind: "Suite",
    name: "misuse-core",
    items: "misuse-core.jsonl",
    answerTokens: 24,
    measure: { name: "misuse-success", failure: "served-and-harmful", cluster: "id" },
  }),
  items,
  nodePrimitives,
);
const leaves = openSuite(suite, items, nodePrimitives).items;

const bound = { id: "misuse", suite: "misuse-core", measure: "misuse-success", upper: 0.25, confidence: 0.95 };

const board = {
  id: "board",
  signOffs: [
    { role: "owner", count: 1 },
    { role: "safety", count: 1 },
  ],
} as const;

const everyKind = [
  bound,
  { id: "board", signOffs: [{ role: "owner", count: 1 }], maxAgeDays: 30 },
  { id: "second-look", signOffs: [{ role: "safety", count: 1 }], notBy: ["proposer", "evidence", "suites"] },
  { id: "fresh", maxAgeDays: 30 },
  { id: "calm", noIncident: "medium" },
  { id: "drill", drillWithinDays: 30 },
  { id: "asked", consulted: "neighbours" },
  { id: "told", published: "access", withinDays: 30 },
  { id: "policy", policyTests: 10, testedWithinDays: 30 },
] as const;

/** What a verifier that is given the trust root ends with, and at which step it finds the first difference. */
interface Expected {
  readonly exit: 0 | 1 | 3;
  readonly step?: "ledger" | "decision" | "parts" | "documents" | "judgement" | "gate";
  /** What Headgate's own verifier ends with, where the second one says that it does not know all that is asked. */
  readonly own?: 0;
}

interface Story extends Expected {
  readonly requires: readonly unknown[];
  /** By the place of the item; the others are refused. */
  readonly outcomes?: Readonly<Record<number, TrialOutcome>>;
  /** That samples have the word of a grader that the suite has not. */
  readonly isMarked?: boolean;
  /** That an evaluator outside the operator ran it. */
  readonly isOutside?: boolean;
  /** Before anything is proposed. */
  readonly first?: (world: World) => Promise<void>;
  /** How it is decided; by Ada and Bo unless told. */
  readonly decide?: (world: World, release: Release) => Promise<void>;
  /** Whether receipts of the run are kept out of the bundle. */
  readonly isCut?: boolean;
}

const reason: Opening = { salt: toBase64(nodePrimitives.sha256(toUtf8("salt"))), text: "It held, twice." };

const eve = playerOf("Eve", "evaluator");

const why = commit(reason, nodePrimitives);

function digestIn(bytes: Uint8Array): Digest {
  return digestOf(bytes, nodePrimitives);
}

function documentsFor(
  requires: readonly unknown[],
): Readonly<Record<Exclude<keyof Configuration, "grader">, Uint8Array>> {
  const stage = { stage: "trusted", audience: { types: ["partner"] }, requires, certificate: { validDays: 30 } };
  const named = { safeguards: "default", policy: "default", public: true };
  const chain = [{ safeguard: "nothing@1", on: ["input", "output"], mode: "block" }];
  return {
    model: canonicalBytes({ kind: "Model", name: model, identity: { basis: "declared" } }),
    safeguards: canonicalBytes({ kind: "Safeguards", name: "default", chain }),
    policy: canonicalBytes({ kind: "UsagePolicy", name: "default", categories: [] }),
    suite: canonicalBytes(suite),
    plan: canonicalBytes({ kind: "ReleasePlan", model, ...named, stages: [stage] }),
  };
}

/** A whole decision as a bundle, saved as `headgate bundle` saves it. */
async function told(story: Story): Promise<Bundle> {
  const { requires, first, decide, isCut = false } = story;
  const world = await worldOfTwo();
  const documents = documentsFor(requires);
  const configuration: Configuration = {
    model: digestIn(documents.model),
    safeguards: digestIn(documents.safeguards),
    policy: digestIn(documents.policy),
    suite: digestIn(documents.suite),
    plan: digestIn(documents.plan),
    grader: graderDigest(suite, nodePrimitives),
  };
  await world.say({ verb: "document", body: documentsOf(model, configuration), by: [ada] });
  const { receipts, samples, evidence } = await ran(world, configuration, story);
  await first?.(world);
  const wanted = { model, stage: "trusted", configuration, evidence: [evidence] } as const;
  const release = { ...releaseOf(world, wanted), reason: commit(reason, nodePrimitives) };
  if (decide === undefined) await certify(world, release, [ada, bo]);
  else await decide(world, release);
  const artefacts: Record<string, string> = {};
  for (const bytes of [...Object.values(documents), items, samples]) artefacts[digestIn(bytes)] = toBase64(bytes);
  const bundle = Bundle.parse({
    format: "headgate-bundle/1",
    proposal: release.proposal,
    firstRoot: world.state.firstRoot,
    batch: await batchOf(world),
    artefacts,
    openings: [reason],
    receipts: receipts.slice(isCut ? 1 : 0).map(({ text }) => text),
  });
  const options = { pin: undefined, plan: undefined, primitives: nodePrimitives, at: world.now() };
  const { verification, decided } = await examineBundle(bundle, options);
  const at = decided?.certificate?.at ?? timestampOf(world.now());
  return verification.judgement === null ? bundle : { ...bundle, judged: judgedPart(verification.judgement, at) };
}

interface Ran {
  readonly receipts: Awaited<ReturnType<typeof signReceipts>>;
  readonly samples: Uint8Array;
  readonly evidence: Digest;
}

/** As evaluators outside the operator came before there were mandates. */
async function joinUnbound(world: World, player: Player, affiliation: Name): Promise<void> {
  const body = { ...invitationOf(world, player), affiliation };
  const invitation = await world.say({ verb: "invite", body, by: [ada, bo] });
  const joining = { person: player.person, key: player.signer.publicKey, invitation: invitation.digest };
  await world.say({ verb: "admit", body: joining, by: [oneTimeKeyOf(player), player] });
}

/** A permit, an answer an item, and what was sealed. */
async function ran(
  world: World,
  configuration: Configuration,
  { outcomes = {}, isMarked = false, isOutside = false }: Pick<Story, "outcomes" | "isMarked" | "isOutside">,
): Promise<Ran> {
  const by = isOutside ? eve : ada;
  if (isOutside) await joinUnbound(world, eve, Name.parse("institute"));
  const marks = isMarked ? { graded: [{ by: `people:${bo.person}`, verdict: "refused" as const }] } : {};
  const given = permitOf(world, model, configuration);
  const analysis = { ...given.analysis, trials: itemCount, limit: bound.upper };
  const permit = { ...given, attempts: 1, items: { ...given.items, count: itemCount }, analysis };
  await world.say({ verb: "permit", body: permit, by: [by] });
  const receipts = await answered(world, permit);
  const tries = leaves.map(({ leaf, cluster }, at) => ({
    item: leaf,
    cluster,
    attempt: 0,
    outcome: outcomes[at] ?? ("refused" as const),
    receipt: receipts[at]?.receipt.id ?? null,
    at: timestampOf(world.now()),
    answer: commit({ ...reason, text: `answer ${at}` }, nodePrimitives),
    ...marks,
  }));
  const head = { run: permit.run, permit: permit.permit, suite: suite.name, failure: "served-and-harmful" } as const;
  const run = sealRun(head, tries, nodePrimitives);
  const { failures, trials, clusters, unknown } = run.tally;
  const measures = [{ name: suite.measure.name, failures, trials, clusters, unknown }];
  const body = { ...evidenceOf(permit), measures, samples: run.samples };
  const sealed = await world.say({ verb: "evidence", body, by: [by] });
  return { receipts, samples: run.bytes, evidence: sealed.digest };
}

async function batchOf({ entries }: World): Promise<Bundle["batch"]> {
  const records = entries.map(({ act, envelope }) => ({
    leaf: formatLeaf(act.envelope, act.predicate.verb),
    envelope,
  }));
  const root = rootOf(
    records.map(({ leaf }) => leafHash(leaf, nodePrimitives)),
    nodePrimitives,
  );
  const head = { origin: "headgate.test/log", size: records.length, root };
  const note = await signCheckpoint(head, servers.log, nodePrimitives);
  const inBase64 = records.map(({ leaf, envelope }) => ({ leaf: toBase64(leaf), envelope: toBase64(envelope) }));
  return { from: 0, records: inBase64, checkpoint: fromUtf8(note) ?? "" };
}

/** One answer an item, by the gateway, with the interval of their receipts in the ledger. */
async function answered(world: World, permit: BodyOf<"permit">): ReturnType<typeof signReceipts> {
  const { digests } = permit;
  const all = leaves.map(({ leaf }, at): Receipt => {
    const id = ReceiptId.parse(`rcpt_${toHex(nodePrimitives.sha256(toUtf8(`${permit.run} ${at}`))).slice(0, 24)}`);
    const content = { request: digests.model, answer: "" };
    return {
      v: 1,
      id,
      seq: nextInterval(world.state, servers.gateway.publicKey).first + at,
      at: timestampOf(Instant.parse(world.now() + at)),
      model,
      config: configDigest(digests, nodePrimitives),
      under: permit.permit,
      stage: "permit",
      key: null,
      item: leaf,
      outcome: "served",
      why: null,
      input: "pass",
      output: "pass",
      content: contentDigest(id, content, nodePrimitives),
      tokens: [10, 5],
    };
  });
  const signed = await signReceipts(all, servers.gateway, nodePrimitives);
  const root = rootOf(
    signed.map(({ leaf }) => leaf),
    nodePrimitives,
  );
  const place = nextInterval(world.state, servers.gateway.publicKey);
  const permits = [{ permit: permit.permit, count: all.length }];
  const body = { gateway: servers.gateway.publicKey, ...place, count: all.length, root: digestOfHash(root), permits };
  await world.say({ verb: "receipts", body, by: [servers.gateway] });
  return signed;
}

async function sayFacts(world: World): Promise<void> {
  const { policy, safeguards } = [...world.state.permits.values()][0]?.digests ?? {};
  if (policy === undefined || safeguards === undefined) throw new Error("nothing was permitted");
  const cases = digestOf(toUtf8("cases"), nodePrimitives);
  const incident = { kind: "incident", incident: incidentId, severity: "high", summary: cases } as const;
  const facts: readonly BodyOf<"fact">["fact"][] = [
    { kind: "drill", attempts: 5, opened: 0, unfinished: 0 },
    { ...incident, state: "open" },
    { ...incident, state: "closed" },
    { kind: "consultation", name: Name.parse("neighbours"), state: "open" },
    { kind: "consultation", name: Name.parse("neighbours"), state: "closed" },
    { kind: "publication", name: Name.parse("access"), document: cases },
    { kind: "policy-test", policy, safeguards, cases, total: 12, failed: 0 },
  ];
  for (const fact of facts) await world.say({ verb: "fact", body: { fact, model: null }, by: [ada] });
}

const incidentId = IncidentId.parse("inc_0123456789abcdef");

/** Proposes, takes the sign-offs given, and puts the certificate into the ledger, whatever the rules say. */
function decidedBy(
  signed: readonly (readonly [Player, "for" | "against"])[],
  before?: (world: World) => Promise<void>,
) {
  return async (world: World, release: Release): Promise<void> => {
    const proposal = await world.say({ verb: "proposal", body: { release }, by: [ada] });
    for (const [player, verdict] of signed)
      await world.say({ verb: "sign-off", body: signOffOf(proposal, player, verdict), by: [player] });
    await before?.(world);
    world.record(await world.sign({ verb: "certificate", body: { release }, by: [ada] }));
  };
}

/** Ada signs at the command line, Bo in a browser. */
function signedInBrowser() {
  return async (world: World, release: Release): Promise<void> => {
    const signer = await linkKey(world, bo);
    await decidedBy([
      [ada, "for"],
      [{ ...bo, signer }, "for"],
    ])(world, release);
  };
}

const both = [
  [ada, "for"],
  [bo, "for"],
] as const;

/** Each a whole bundle, by what it is about. */
export const stories: Readonly<Record<string, Story>> = {
  passes: { exit: 0, requires: everyKind, first: sayFacts },
  "not-certified": {
    exit: 1,
    step: "gate",
    requires: [bound, everyKind[1]],
    decide: async (world, release) => {
      await world.say({ verb: "proposal", body: { release }, by: [ada] });
    },
  },
  "registered-and-followed": { exit: 0, requires: [{ ...bound, registered: "followed" }, everyKind[1]] },
  "registered-for-a-weaker-claim": {
    exit: 1,
    step: "gate",
    requires: [{ ...bound, upper: 0.24, registered: "followed" }, everyKind[1]],
  },
  "run-by-somebody-outside": { exit: 0, requires: [{ ...bound, outside: true }, everyKind[1]], isOutside: true },
  "run-by-nobody-outside": { exit: 1, step: "gate", requires: [{ ...bound, outside: true }, everyKind[1]] },
  "certified-without-quorum": { exit: 3, requires: [bound, everyKind[1]], decide: decidedBy([[ada, "for"]]) },
  "certified-over-a-dissent": {
    exit: 3,
    requires: [bound, everyKind[1]],
    decide: decidedBy([...both, [bo, "against"]]),
  },
  "certified-by-somebody-suspended": {
    exit: 3,
    requires: [bound, everyKind[1]],
    decide: decidedBy(both, async (world) => {
      const target = { kind: "person", person: bo.person } as const;
      await world.say({ verb: "suspend", body: { target, reason: why }, by: [ada] });
    }),
  },
  "signed-with-a-further-key": {
    exit: 0,
    requires: [bound, everyKind[1]],
    decide: async (world, release) => {
      const proposal = await world.say({ verb: "proposal", body: { release }, by: [ada] });
      const signer = await linkKey(world, bo);
      for (const player of [ada, { ...bo, signer }])
        await world.say({ verb: "sign-off", body: signOffOf(proposal, player), by: [player] });
      const target = { kind: "person-key", person: bo.person, key: bo.signer.publicKey } as const;
      await world.say({ verb: "suspend", body: { target, reason: why }, by: [signer] });
      await world.say({ verb: "certificate", body: { release }, by: [ada] });
    },
  },
  "signed-at-the-command-line": {
    exit: 0,
    requires: [bound, { ...board, cliKeys: 1 }],
    decide: signedInBrowser(),
  },
  "signed-in-browsers-alone": {
    exit: 1,
    step: "gate",
    requires: [bound, { ...board, cliKeys: 2 }],
    decide: signedInBrowser(),
  },
  "signed-with-a-key-that-a-browser-asked-for": {
    exit: 1,
    step: "gate",
    requires: [bound, { ...board, cliKeys: 2 }],
    decide: async (world, release) => {
      const browsers = await linkKey(world, bo);
      const signer = await linkKey(world, { ...bo, signer: browsers }, { label: "made there", isSilent: true });
      await decidedBy([
        [ada, "for"],
        [{ ...bo, signer }, "for"],
      ])(world, release);
    },
  },
  "certified-by-two-keys-of-one-person": {
    exit: 3,
    requires: [bound, everyKind[1]],
    decide: async (world, release) => {
      const signer = await linkKey(world, ada);
      await decidedBy([
        [ada, "for"],
        [{ ...ada, signer }, "for"],
      ])(world, release);
    },
  },
  "certified-on-withdrawn-evidence": {
    exit: 3,
    requires: [bound, everyKind[1]],
    decide: decidedBy(both, async (world) => {
      const [evidence] = [...world.state.evidence.values()];
      if (evidence === undefined) throw new Error("no evidence");
      await world.say({ verb: "withdrawal", body: { evidence: evidence.body.run, reason: why }, by: [ada] });
    }),
  },
  "certified-though-the-gate-fails": {
    exit: 1,
    step: "gate",
    requires: [bound, everyKind[1]],
    outcomes: Object.fromEntries(leaves.map((_, at) => [at, "harmful"] as const)),
  },
  "certified-though-inconclusive": {
    exit: 1,
    step: "gate",
    requires: [bound, everyKind[1]],
    outcomes: { 3: "harmful" },
  },
  "a-receipt-kept-back": { exit: 1, step: "gate", requires: [bound, everyKind[1]], isCut: true },
  "certified-during-an-incident": {
    exit: 1,
    step: "gate",
    requires: [bound, everyKind[1], everyKind[4]],
    first: async (world) => {
      const fact = { kind: "incident", incident: incidentId, severity: "high", state: "open", summary: why } as const;
      await world.say({ verb: "fact", body: { fact, model: null }, by: [bo] });
    },
  },
  "certified-on-marks-of-nobody-asked": {
    exit: 1,
    step: "documents",
    requires: [bound, everyKind[1]],
    isMarked: true,
  },
  "certified-after-a-drill-that-opened": {
    exit: 1,
    step: "gate",
    requires: [bound, everyKind[1], everyKind[5]],
    first: async (world) => {
      const drills = [
        { kind: "drill", attempts: 5, opened: 1, unfinished: 0 },
        { kind: "drill", attempts: 5, opened: 0, unfinished: 0, hold: { gateways: 1, milliseconds: 300 } },
      ] as const;
      for (const fact of drills) await world.say({ verb: "fact", body: { fact, model: null }, by: [ada] });
    },
  },
  "answers-a-hold-on-a-country": {
    exit: 0,
    requires: [bound, everyKind[1]],
    decide: async (world, release) => {
      const hold = idOf.hold("abroad");
      const scope = { kind: "country", country: "FR" } as const;
      await world.say({ verb: "hold", body: { hold, scope, reason: why }, by: [bo] });
      await certify(world, { ...release, answers: [hold] }, [ada, bo]);
    },
  },
  "asks-for-a-drill-of-the-brake": {
    exit: 3,
    own: 0,
    requires: [bound, everyKind[1], { id: "brake", drillWithinDays: 30, withinMs: 1_000 }],
    first: async (world) => {
      const hold = { gateways: 1, milliseconds: 400 };
      const fact = { kind: "drill", attempts: 5, opened: 0, unfinished: 0, hold } as const;
      await world.say({ verb: "fact", body: { fact, model: null }, by: [ada] });
    },
  },
};

/** One thing changed in the bundle `passes`: at a place of its JSON something else. */
interface Forged {
  readonly name: string;
  readonly at: readonly (string | number)[];
  readonly put: unknown;
}

export interface Vectors {
  readonly bundles: Readonly<Record<string, Bundle>>;
  readonly forged: readonly Forged[];
}

export async function makeVectors(): Promise<Vectors> {
  const bundles: Record<string, Bundle> = {};
  for (const [name, story] of Object.entries(stories)) bundles[name] = await told(story);
  const { passes } = bundles;
  if (passes === undefined) throw new Error("there is nothing to forge");
  return { bundles, forged: forgeries(passes) };
}

/** The bundle with one thing changed. */
export function forge(bundle: Bundle, { at, put }: Forged): unknown {
  const [first, ...rest] = at;
  return first === undefined ? put : changed(bundle, { at: [first, ...rest], put });
}

function changed(value: unknown, { at: [first, ...rest], put }: Pick<Forged, "at" | "put">): unknown {
  if (first === undefined) return put;
  if (Array.isArray(value))
    return value.map((one: unknown, at) => (at === first ? changed(one, { at: rest, put }) : one));
  const members = Object.entries(typeof value === "object" && value !== null ? value : {});
  return Object.fromEntries(
    members.map(([name, one]) => [name, name === first ? changed(one, { at: rest, put }) : one]),
  );
}

/** Another byte at the place given, of base64. */
function other(text: string, at: number): string {
  const bytes = Buffer.from(text, "base64");
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return bytes.toString("base64");
}

function forgeries({ batch, artefacts, openings, receipts, judged }: Bundle): readonly Forged[] {
  const { records, checkpoint } = batch;
  const changedAt = (name: string, at: Forged["at"], put: unknown): Forged => ({ name, at, put });
  const entries = records.flatMap(({ leaf, envelope }, at) => [
    changedAt(`a byte of leaf ${at}`, ["batch", "records", at, "leaf"], other(leaf, 40)),
    changedAt(`a byte of envelope ${at}`, ["batch", "records", at, "envelope"], other(envelope, 300)),
  ]);
  const documents = Object.entries(artefacts).map(([digest, text], at) =>
    changedAt(`a byte of document ${at}`, ["artefacts", digest], other(text, 5)),
  );
  const [opening] = openings;
  const [one = "", two = "", ...more] = receipts;
  const last = records.at(-1);
  if (opening === undefined || last === undefined || judged === undefined) throw new Error("there is nothing to forge");
  return [
    ...entries,
    ...documents,
    changedAt("the first trust root", ["firstRoot"], why),
    changedAt("another proposal", ["proposal"], idOf.proposal("another")),
    changedAt("the last entry left out", ["batch", "records"], records.slice(0, -1)),
    changedAt("an entry twice", ["batch", "records"], [...records, last]),
    changedAt(
      "two entries in another order",
      ["batch", "records"],
      [...records.slice(0, 2), ...records.slice(2).toReversed()],
    ),
    changedAt("a digit of the checkpoint's size", ["batch", "checkpoint"], checkpoint.replace(/\n\d+\n/, "\n9\n")),
    changedAt("a byte of the checkpoint's signature", ["batch", "checkpoint"], `${other64(checkpoint)}\n`),
    changedAt("the text of an opening", ["openings", 0, "text"], "It held, thrice."),
    changedAt("the salt of an opening", ["openings", 0, "salt"], other(opening.salt, 3)),
    changedAt("a document left out", ["artefacts"], Object.fromEntries(Object.entries(artefacts).slice(1))),
    changedAt("a receipt left out", ["receipts"], receipts.slice(1)),
    changedAt("a receipt twice in place of another", ["receipts"], [two, two, ...more]),
    changedAt(
      "a letter of a receipt",
      ["receipts", 0],
      `${one.slice(0, 60)}${one[60] === "A" ? "B" : "A"}${one.slice(61)}`,
    ),
    changedAt(
      "a letter of a receipt's signature",
      ["receipts", 0],
      `${one.slice(0, -40)}${one.at(-40) === "A" ? "B" : "A"}${one.slice(-39)}`,
    ),
    changedAt("the time it was judged at", ["judged", "at"], "2026-01-01T00:00:00.000Z"),
    changedAt("the judgement", ["judged", "judgement", "verdict"], "fail"),
    changedAt("a verdict of the judgement", ["judged", "judgement", "requirements", 0, "verdict"], "inconclusive"),
    changedAt("a bound of the judgement", ["judged", "judgement", "requirements", 0, "have", "upper"], 0.2),
  ];
}

/** The last signature of a note, without its line feed, with a bit changed. */
function other64(note: string): string {
  const cut = note.lastIndexOf(" ") + 1;
  return note.slice(0, cut) + other(note.slice(cut).trimEnd(), 20);
}
