// Who plays in the bypass campaign: models in every state of release, callers in every state of the access programme, on
// one gateway with one counting upstream. `allowed` is the table of the oracle, written by hand from what is done here: it
// asks nothing of the gateway.
import {
  type Configuration,
  callerKeyOf,
  certify,
  digestOfLabel,
  documentsOf,
  evidenceOf,
  idOf,
  inDays,
  openModel,
  organisationOf,
  permitOf,
  releaseOf,
} from "../../src/acts/fixtures.ts";
import { ownOrganisationType } from "../../src/acts/rules/release.ts";
import type { Grant } from "../../src/acts/bodies.ts";
import { itemLeaf, itemProof } from "../../src/acts/item-proof.ts";
import { canonicalBytes } from "../../src/proof/canonical.ts";
import { digestOf, digestOfHash } from "../../src/proof/digest.ts";
import { toUtf8 } from "../../src/proof/encoding.ts";
import { rootOf } from "../../src/proof/merkle.ts";
import { nodePrimitives as primitives } from "../../src/proof/node.ts";
import { Instant, Name, timestampOf } from "../../src/terms/ids.ts";
import { ModelDocument } from "../../src/upstream/model-document.ts";
import { type GatewayWorld, ada, bo, openGatewayWorld, until } from "../flows/gateway-world.ts";
import { type CountingUpstream, startCountingUpstream } from "./counting-upstream.ts";

type Dialect = "openai-chat" | "openai-responses" | "anthropic-messages" | "openai-embeddings";

/** Every model, by what is done with it, and what its server speaks. */
const models = {
  small: "openai-chat",
  "open-messages": "anthropic-messages",
  "open-responses": "openai-responses",
  "open-vectors": "openai-embeddings",
  shut: "openai-chat",
  "shut-messages": "anthropic-messages",
  "shut-responses": "openai-responses",
  "shut-vectors": "openai-embeddings",
  held: "openai-responses",
  early: "openai-chat",
  past: "anthropic-messages",
  lapsed: "openai-chat",
  lower: "openai-responses",
  inner: "openai-chat",
  other: "openai-chat",
  swapped: "openai-chat",
  "fails-to-shut": "openai-chat",
  "fails-to-early": "openai-responses",
  "fails-to-other": "anthropic-messages",
} as const satisfies Record<string, Dialect>;
export type ModelName = keyof typeof models;
export const modelNames: readonly ModelName[] = ["small", "open-messages", "open-responses", "open-vectors"];
/** Released and granted, with servers that always fail, and fallbacks most of which their callers may not reach. */
const fallbacks: Readonly<Partial<Record<ModelName, readonly ModelName[]>>> = {
  "fails-to-shut": ["shut", "held", "past"],
  "fails-to-early": ["early", "lapsed", "lower"],
  "fails-to-other": ["other", "inner", "open-messages"],
};
export const fallingModels: readonly ModelName[] = ["fails-to-shut", "fails-to-early", "fails-to-other"];
export const closedModels: readonly ModelName[] = [
  "shut",
  "shut-messages",
  "shut-responses",
  "shut-vectors",
  "held",
  "early",
  "past",
  "lapsed",
  "lower",
  "inner",
  "other",
  "swapped",
];

/** Every caller, by what is wrong with them. */
export const secrets = {
  good: "hg_good_0123456789abcdef0123456789abcdef",
  expired: "hg_expired_3456789abcdef0123456789abcdef",
  revoked: "hg_revoked_3456789abcdef0123456789abcdef",
  suspended: "hg_suspended_56789abcdef0123456789abcdef",
  foreign: "hg_foreign_3456789abcdef0123456789abcdef",
  wrongType: "hg_wrongtype_56789abcdef0123456789abcdef",
  ended: "hg_ended_0123456789abcdef0123456789abcdef",
  house: "hg_house_0123456789abcdef0123456789abcdef",
  permit: "hg_permit_0123456789abcdef0123456789abcde",
  permitOver: "hg_permitover_456789abcdef0123456789abcde",
  /** Of permits that take two persons: given by both, or wanting something. */
  bare: "hg_bare_0123456789abcdef0123456789abcdef",
  adaptive: "hg_adaptive_56789abcdef0123456789abcdef0",
  ofOne: "hg_ofone_123456789abcdef0123456789abcdef",
  ofOneTwice: "hg_ofonetwice_6789abcdef0123456789abcdef",
  ofLate: "hg_oflate_23456789abcdef0123456789abcdef",
  doorOver: "hg_doorover_456789abcdef0123456789abcdef",
  doorHeld: "hg_doorheld_456789abcdef0123456789abcdef",
  stranger: "hg_stranger_456789abcdef0123456789abcdef",
} as const;
export type Caller = keyof typeof secrets;

/** What the oracle lets pass, whatever the gateway thinks: caller and model, once everything below has been said. */
const table: Readonly<Partial<Record<Caller, readonly ModelName[]>>> = {
  good: [...modelNames, ...fallingModels],
  foreign: ["other"],
  house: ["inner"],
};

/** The server's own name of a model, which callers never see. */
export function upstreamName(model: string): string {
  return `served-${model}`;
}

/** Whether a holder of these secrets may reach the model that the server knows by this name. */
export function allowedBy(held: readonly string[], served: string): boolean {
  return Object.entries(secrets).some(([caller, secret]) => {
    const reached = Object.entries(table).find(([name]) => name === caller)?.[1] ?? [];
    return held.includes(secret) && reached.some((model) => upstreamName(model) === served);
  });
}

/** The bodies of the permit's items, without their model. */
export const itemBodies = ["zero", "one", "two", "three"].map((text) => ({
  messages: [{ role: "user", content: `item ${text}` }],
  max_tokens: 8,
}));
export const itemLeaves = itemBodies.map((body) => itemLeaf(body, primitives));
/** Attempts that the permit gives each item. */
export const attemptsPerItem = 2;

export function proofOf(item: number): string {
  return itemProof(itemLeaves, item, primitives);
}

export interface Cast {
  readonly world: GatewayWorld;
  readonly upstream: CountingUpstream;
  readonly configurationOf: (model: ModelName) => Configuration;
  readonly close: () => Promise<void>;
}

/** How far the gateway's clock is ahead of the beginning, so that what was dated to end has ended. */
export const clockAheadMs = 4_000_000;

export async function openCast(): Promise<Cast> {
  const upstream = await startCountingUpstream();
  const world = await openGatewayWorld({
    upstreamPort: upstream.port,
    mockModel: upstreamName("small"),
    grant: { requestsPerMinute: 1_000_000, tokensPerDay: 1_000_000_000_000 },
    leaseMs: 3_000,
  });
  const configurations = new Map<string, Configuration>([["small", world.configuration]]);
  const configurationOf = (model: ModelName): Configuration => {
    const known = configurations.get(model) ?? addModel(world, model, upstream.port);
    configurations.set(model, known);
    return known;
  };
  const cast = { world, upstream, configurationOf };
  await releaseModels(cast);
  await admitCallers(world);
  world.switches.clockShiftMs = clockAheadMs;
  await world.publish();
  await until(() => world.gateway().gateway.follower.closure() === undefined, 20_000);
  return {
    ...cast,
    close: async () => {
      await world.close();
      await upstream.close();
    },
  };
}

function addModel(world: GatewayWorld, model: ModelName, port: number): Configuration {
  const document = ModelDocument.parse({
    kind: "Model",
    name: model,
    upstream: { dialect: models[model], url: `http://127.0.0.1:${port}/v1`, model: upstreamName(model) },
    identity: { basis: "declared" },
    envelope: { tools: true, choicesMax: 4 },
    ...(fallbacks[model] === undefined ? {} : { fallback: fallbacks[model] }),
  });
  const bytes = canonicalBytes(document);
  const digest = digestOf(bytes, primitives);
  // The swapped model is what the database says it is: the document of another model under its digest.
  const stored = model === "swapped" ? canonicalBytes({ ...document, name: "swapped", systemPrompt: "free" }) : bytes;
  world.documents.set(digest, stored);
  return { ...world.configuration, model: digest, plan: digestOfLabel(`plan of ${model}`) };
}

async function releaseModels({ world: gate, configurationOf }: Omit<Cast, "close">): Promise<void> {
  const { world } = gate;
  const open = async (model: ModelName, more: object = {}): Promise<void> => {
    await openModel(world, {
      model: Name.parse(model),
      stage: "trusted",
      configuration: configurationOf(model),
      ...more,
    });
  };
  const at = (ms: number): string => timestampOf(Instant.parse(gate.now() + ms));
  for (const model of [
    "open-messages",
    "open-responses",
    "open-vectors",
    "held",
    "other",
    "swapped",
    ...fallingModels,
  ] as const) {
    await open(model);
  }
  for (const model of ["shut", "shut-messages", "shut-responses", "shut-vectors"] as const) {
    await world.say({ verb: "document", body: documentsOf(Name.parse(model), configurationOf(model)), by: [ada] });
  }
  await open("early", {
    notBefore: at(clockAheadMs * 2),
    notAfter: at(clockAheadMs * 4),
    decideBy: at(clockAheadMs * 3),
  });
  await open("past", { notAfter: at(3_600_000), decideBy: at(3_500_000) });
  await open("lower", { stage: "evaluators", audience: [{ stage: "evaluators", types: ["partner"] }] });
  await open("inner", {
    stage: "internal",
    audience: [{ stage: "internal", types: [ownOrganisationType] }],
    oneSigner: true,
  });
  await lapse(gate, configurationOf("lapsed"));
  const hold = { hold: idOf.hold("the held one"), scope: { kind: "model", model: Name.parse("held") } } as const;
  await world.say({ verb: "hold", body: { ...hold, reason: digestOfLabel("why") }, by: [bo] });
}

/** Released on evidence that was withdrawn afterwards. */
async function lapse({ world }: GatewayWorld, configuration: Configuration): Promise<void> {
  const model = Name.parse("lapsed");
  await world.say({ verb: "document", body: documentsOf(model, configuration), by: [ada] });
  const permit = permitOf(world, model, configuration);
  await world.say({ verb: "permit", body: permit, by: [ada] });
  const run = idOf.run("declared of the lapsed one");
  const sealed = { ...evidenceOf(permit), run, permit: null, basis: "declared" } as const;
  const evidence = await world.say({ verb: "evidence", body: sealed, by: [ada] });
  const wanted = { model, stage: "trusted", configuration, evidence: [evidence.digest] } as const;
  await certify(world, releaseOf(world, wanted), [ada, bo]);
  const body = { evidence: run, reason: digestOfLabel("withdrawn") };
  await world.say({ verb: "withdrawal", body, by: [ada] });
}

async function admitCallers(gate: GatewayWorld): Promise<void> {
  const { world } = gate;
  const soon = timestampOf(Instant.parse(gate.now() + 3_600_000));
  const limits = { requestsPerMinute: 1_000_000, tokensPerDay: 1_000_000_000_000 };
  const granted = (stage: Grant["stage"], of: readonly string[], notAfter = inDays(world, 180)): Grant[] =>
    of.map((model) => ({ model: Name.parse(model), stage, scopes: [], notAfter, ...limits }));
  const own = [...modelNames, ...fallingModels, ...closedModels].filter((model) => model !== "other");
  const organisations = [
    { organisation: "acme", type: "partner", grants: granted("trusted", own), callers: ["good", "expired", "revoked"] },
    { organisation: "globex", type: "partner", grants: granted("trusted", ["other"]), callers: ["foreign"] },
    { organisation: "mallory", type: "partner", grants: granted("trusted", own), callers: ["suspended"] },
    { organisation: "public", type: "public", grants: granted("trusted", own), callers: ["wrongType"] },
    { organisation: "former", type: "partner", grants: granted("trusted", own, soon), callers: ["ended"] },
    {
      organisation: "house",
      type: ownOrganisationType,
      grants: granted("internal", ["inner"]),
      callers: ["house"],
    },
  ] as const;
  for (const { organisation, type, grants, callers } of organisations) {
    const base = organisationOf(world, { model: Name.parse("small"), stage: "trusted" });
    const named = { organisation: Name.parse(organisation), type: Name.parse(type) };
    await world.say({ verb: "organisation", body: { ...base, ...named, grants: [...grants] }, by: [ada] });
    for (const caller of callers) {
      const hash = digestOf(toUtf8(secrets[caller]), primitives);
      const notAfter = caller === "expired" ? soon : null;
      const body = { ...callerKeyOf(hash), organisation: named.organisation, notAfter };
      await world.say({ verb: "key", body, by: [ada] });
    }
  }
  const reason = digestOfLabel("why");
  const key = idOf.key(digestOf(toUtf8(secrets.revoked), primitives));
  await world.say({ verb: "suspend", body: { target: { kind: "key", key, forGood: true }, reason }, by: [ada] });
  const target = { kind: "organisation", organisation: Name.parse("mallory") } as const;
  await world.say({ verb: "suspend", body: { target, reason }, by: [ada] });
}

/** The permits, each over the four items of a model that is not released. */
export async function givePermits({ world: gate, configurationOf }: Cast): Promise<void> {
  const { world } = gate;
  for (const [caller, model] of [
    ["permit", "shut"],
    ["permitOver", "shut-messages"],
  ] as const) {
    const body = {
      ...permitOf(world, Name.parse(model), configurationOf(model)),
      hash: digestOf(toUtf8(secrets[caller]), primitives),
      items: { root: digestOfHash(rootOf(itemLeaves, primitives)), count: itemLeaves.length },
      attempts: attemptsPerItem,
      notAfter: timestampOf(Instant.parse(world.now() + (caller === "permit" ? 80_000_000 : 600_000))),
    };
    await world.say({ verb: "permit", body, by: [ada] });
  }
  await gate.publish();
}
