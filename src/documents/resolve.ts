// From what people wrote to what is signed: digests of safeguards, items and weights filled in, relations checked, each
// document in its canonical form under its digest. Pure: files, weights and what was applied before are handed in.
import type { DocumentKind } from "../acts/bodies.ts";
import type { OrganisationDocument } from "../acts/organisation-document.ts";
import { pinCalibration } from "../evidence/suite-calibration.ts";
import { loadSuite, pinSuite } from "../evidence/suite.ts";
import type { Suite } from "../evidence/suite-document.ts";
import type { ReleasePlan } from "../gates/plan-document.ts";
import { canonicalBytes } from "../proof/canonical.ts";
import { digestOf } from "../proof/digest.ts";
import type { Hasher } from "../proof/primitives.ts";
import { pinSafeguards } from "../safeguards/chain.ts";
import type { Registry } from "../safeguards/registry.ts";
import { Failure } from "../terms/failure.ts";
import type { Digest, Name } from "../terms/ids.ts";
import type { ModelDocument } from "../upstream/model-document.ts";
import { type AnyDocument, type AnyKind, nameOf } from "./kinds.ts";
import { type ParsedDocument, type Path, suggestion, throwAll } from "./parse.ts";

export interface ResolveFacts {
  readonly hasher: Hasher;
  readonly safeguards: Registry;
  /** Bytes of an items file, by its path relative to the document's own; undefined where there is none. */
  readonly items: (documentPath: string, itemsPath: string) => Uint8Array | undefined;
  /** SHA-256 of the weights that an embedded model's file really has, where it was measured. */
  readonly measured: ReadonlyMap<Name, Digest>;
  /** Documents applied before, by kind and name; the content is undefined where it is not at hand. */
  readonly applied: readonly AppliedDocument[];
}

export interface AppliedDocument {
  readonly kind: AnyKind;
  readonly name: Name;
  readonly digest: Digest;
  readonly document?: AnyDocument;
}

export interface ResolvedDocument {
  readonly kind: AnyKind;
  readonly name: Name;
  readonly document: AnyDocument;
  readonly digest: Digest;
  /** Canonical JSON: the artefact. */
  readonly bytes: Uint8Array;
  /** Further content that goes with it: a suite's items. */
  readonly attached: readonly { readonly digest: Digest; readonly bytes: Uint8Array }[];
  readonly change: "created" | "changed" | "unchanged";
  readonly path: string;
}

/** Every document in its final form. Fails with document_invalid, all errors together, each with file and line. */
export function resolveDocuments(parsed: readonly ParsedDocument[], facts: ResolveFacts): readonly ResolvedDocument[] {
  const errors: string[] = [...twice(parsed)];
  const resolved = parsed.flatMap((source) => attempt(source, errors, () => resolveOne(source, facts)));
  const known = knownDocuments(resolved, facts);
  for (const source of parsed) errors.push(...relations(source, known));
  throwAll(errors);
  return resolved;
}

/** The kinds that a `document` act carries; an Organisation is an act of its own. */
export function documentKind(kind: AnyKind): DocumentKind | undefined {
  return kind === "Organisation" ? undefined : kind;
}

function attempt<T>(source: ParsedDocument, errors: string[], work: () => T): readonly T[] {
  try {
    return [work()];
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    errors.push(`${source.locate([])}: ${error.message}`);
    return [];
  }
}

function twice(parsed: readonly ParsedDocument[]): readonly string[] {
  const seen = new Set<string>();
  return parsed.flatMap(({ document, locate }) => {
    const place = `${document.kind} "${nameOf(document)}"`;
    if (seen.has(place)) return [`${locate(["name"])}: ${place} stands here twice`];
    seen.add(place);
    return [];
  });
}

function resolveOne(source: ParsedDocument, facts: ResolveFacts): ResolvedDocument {
  const { document, attached } = pinned(source, facts);
  const bytes = canonicalBytes(document);
  const digest = digestOf(bytes, facts.hasher);
  const name = nameOf(document);
  const before = facts.applied.find((known) => known.kind === document.kind && known.name === name);
  const change = before === undefined ? "created" : before.digest === digest ? "unchanged" : "changed";
  return { kind: document.kind, name, document, digest, bytes, attached, change, path: source.path };
}

interface Pinned {
  readonly document: AnyDocument;
  readonly attached: ResolvedDocument["attached"];
}

function pinned({ document, path }: ParsedDocument, facts: ResolveFacts): Pinned {
  switch (document.kind) {
    case "Safeguards":
      return { document: pinSafeguards(document, facts.safeguards), attached: [] };
    case "Suite":
      return pinnedSuite(document, path, facts);
    case "Model":
      return { document: pinnedModel(document, facts), attached: [] };
    case "Organisation":
    case "UsagePolicy":
    case "ReleasePlan":
      return { document, attached: [] };
  }
}

function pinnedSuite(document: Suite, path: string, { items, hasher }: ResolveFacts): Pinned {
  const bytes = items(path, document.items);
  if (bytes === undefined) {
    throw new Failure(
      "document_invalid",
      `the items file ${document.items} is not there; the path is relative to this file`,
    );
  }
  const suite = pinSuite(document, bytes, hasher);
  const attached = [{ digest: loadSuite(document, bytes, hasher).content.digest, bytes }];
  if (document.calibration === undefined) return { document: suite, attached };
  const answers = items(path, document.calibration);
  if (answers === undefined) {
    throw new Failure(
      "document_invalid",
      `the calibration file ${document.calibration} is not there; the path is relative to this file`,
    );
  }
  const calibrated = pinCalibration(suite, answers, hasher);
  return { document: calibrated, attached: [...attached, { digest: digestOf(answers, hasher), bytes: answers }] };
}

/** An embedded model says what its file was measured to be; a digest that was written down has to be that one. */
function pinnedModel(document: ModelDocument, { measured }: ResolveFacts): ModelDocument {
  const found = measured.get(document.name);
  if (document.identity.basis !== "measured" || found === undefined || document.identity.weights === found)
    return document;
  throw new Failure(
    "document_invalid",
    `the model file here is ${found}, not ${document.identity.weights}; write the measured digest, or fetch the right file`,
  );
}

type Known = ReadonlyMap<string, AnyDocument | undefined>;

function knownDocuments(resolved: readonly ResolvedDocument[], { applied }: ResolveFacts): Known {
  const known = new Map<string, AnyDocument | undefined>();
  for (const { kind, name, document } of [...applied, ...resolved]) known.set(`${kind}/${name}`, document);
  return known;
}

function relations(source: ParsedDocument, known: Known): readonly string[] {
  const { document } = source;
  if (document.kind === "ReleasePlan") return planRelations(document, source, known);
  if (document.kind === "Suite") return tierSuiteRelations(document, source, known);
  return document.kind === "Organisation" ? grantRelations(document, source, known) : [];
}

/** A suite that plans name for a tier stays one that says what a model can do. */
function tierSuiteRelations({ name, measure }: Suite, source: ParsedDocument, known: Known): readonly string[] {
  const plans = [...known.values()].filter((one) => one?.kind === "ReleasePlan");
  const naming = plans.filter(({ tiers = [] }) => tiers.some(({ suite }) => suite === name));
  if (measure.failure === "solved") return [];
  return naming.map(
    ({ model }) =>
      `${source.locate(["measure", "failure"])}: suite "${name}" counts ${measure.failure}; a tier needs one that counts solved, and the plan of "${model}" has one by it`,
  );
}

function planRelations(plan: ReleasePlan, source: ParsedDocument, known: Known): readonly string[] {
  const wanted: readonly Wanted[] = [
    { kind: "Model", name: plan.model, path: ["model"] },
    { kind: "Safeguards", name: plan.safeguards, path: ["safeguards"] },
    { kind: "UsagePolicy", name: plan.policy, path: ["policy"] },
  ];
  const tiers = (plan.tiers ?? []).map(({ suite, measure }, at): Asked => ({ suite, measure, path: ["tiers", at] }));
  const suites = plan.stages.flatMap((stage, at) =>
    stage.requires.flatMap((requirement, place) =>
      "measure" in requirement
        ? [{ suite: requirement.suite, measure: requirement.measure, path: ["stages", at, "requires", place] }]
        : [],
    ),
  );
  return [
    ...[...wanted, ...comparedWith(plan)].flatMap((one) => absent(one, source, known)),
    ...[...tiers, ...suites].flatMap((asked) => suiteRelations(asked, source, known)),
    ...tiers.flatMap((asked) => tierRelations(asked, source, known)),
  ];
}

/** Documents that a comparison names: one that nobody applied could never be run. */
function comparedWith({ stages }: ReleasePlan): readonly Wanted[] {
  return stages.flatMap((stage, at) =>
    stage.requires.flatMap((requirement, place): readonly Wanted[] => {
      if (!("against" in requirement)) return [];
      const { against } = requirement;
      const path = ["stages", at, "requires", place, "against"];
      if ("model" in against) return [{ kind: "Model", name: against.model, path }];
      return "safeguards" in against ? [{ kind: "Safeguards", name: against.safeguards, path }] : [];
    }),
  );
}

interface Asked {
  readonly suite: Name;
  readonly measure: Name;
  readonly path: Path;
}

function suiteRelations({ suite, measure, path }: Asked, source: ParsedDocument, known: Known): readonly string[] {
  const missing = absent({ kind: "Suite", name: suite, path: [...path, "suite"] }, source, known);
  const document = known.get(`Suite/${suite}`);
  if (missing.length > 0 || document?.kind !== "Suite" || document.measure.name === measure) return missing;
  const names = [document.measure.name];
  return [
    `${source.locate([...path, "measure"])}: suite "${suite}" has no measure "${measure}"${suggestion(measure, names)}`,
  ];
}

/** A tier says what a model can do: a rate of anything else would be read the wrong way round. */
function tierRelations({ suite, path }: Asked, source: ParsedDocument, known: Known): readonly string[] {
  const document = known.get(`Suite/${suite}`);
  if (document?.kind !== "Suite" || document.measure.failure === "solved") return [];
  return [
    `${source.locate([...path, "suite"])}: suite "${suite}" counts ${document.measure.failure}; a tier needs one that counts solved`,
  ];
}

function grantRelations(document: OrganisationDocument, source: ParsedDocument, known: Known): readonly string[] {
  return document.grants.flatMap((grant, at) =>
    absent({ kind: "Model", name: grant.model, path: ["grants", at, "model"] }, source, known),
  );
}

interface Wanted {
  readonly kind: AnyKind;
  readonly name: Name;
  readonly path: Path;
}

function absent({ kind, name, path }: Wanted, source: ParsedDocument, known: Known): readonly string[] {
  if (known.has(`${kind}/${name}`)) return [];
  const names = [...known.keys()].filter((key) => key.startsWith(`${kind}/`)).map((key) => key.slice(kind.length + 1));
  return [
    `${source.locate(path)}: there is no ${kind} "${name}", neither here nor applied before${suggestion(name, names)}`,
  ];
}
