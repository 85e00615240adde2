// Statements that somebody wrote into the ledger without the right to: what a person with the database, or one dishonest
// member of the board, can put there. Each is really signed, really in the tree, and must change nothing.
import {
  type Player,
  type World,
  callerKeyOf,
  certify,
  digestOfLabel,
  idOf,
  organisationOf,
  permitOf,
  playerOf,
  releaseOf,
  servers,
  signOffOf,
  signerOf,
} from "../../src/acts/fixtures.ts";
import type { BodyOf, Release } from "../../src/acts/bodies.ts";
import { noSafeguards } from "../../src/acts/two-person-permits.ts";
import { digestOf } from "../../src/proof/digest.ts";
import { toUtf8 } from "../../src/proof/encoding.ts";
import { nodePrimitives as primitives } from "../../src/proof/node.ts";
import type { Signer } from "../../src/proof/primitives.ts";
import { Name } from "../../src/terms/ids.ts";
import { ada, bo } from "../flows/gateway-world.ts";
import { type Cast, type ModelName, closedModels, secrets } from "./cast.ts";

const eve = playerOf("Eve", "owner");
const mal = playerOf("Mal", "safety");
const forgers: readonly (readonly (Player | Signer)[])[] = [
  [eve],
  [eve, mal],
  [servers.gateway],
  [servers.control],
  [servers.log],
  [signerOf("forger")],
];

/** Puts forged statements of every verb that loosens into the ledger; gives how many. */
export async function forgeLedger(cast: Cast): Promise<number> {
  const { world } = cast.world;
  let forged = 0;
  const put = async (spoken: Parameters<World["sign"]>[0]): Promise<void> => {
    const refusal = world.record(await world.sign(spoken));
    if (refusal === undefined) throw new Error(`the rules took a forged ${spoken.verb}`);
    forged += 1;
  };
  for (const model of ["shut", "held", "past", "early", "lower", "inner", "lapsed"] as const) {
    const release = releaseFor(cast, model);
    for (const by of forgers) {
      await put({ verb: "certificate", body: { release }, by });
      await put({ verb: "proposal", body: { release }, by });
      await put({
        verb: "permit",
        body: { ...permitOf(world, release.model, cast.configurationOf(model)), hash: strangerHash },
        by,
      });
      await put({ verb: "permit", body: bareFor(cast, model), by });
    }
    await halfSigned(world, release);
    forged += 1;
  }
  await forgeAccess(world, put);
  await cast.world.publish();
  return forged;
}

const strangerHash = digestOf(toUtf8(secrets.stranger), primitives);

/** A permit without safeguards, with requests of anybody's. */
function bareFor({ world: { world }, configurationOf }: Cast, model: ModelName): BodyOf<"permit"> {
  const permit = permitOf(world, Name.parse(model), configurationOf(model));
  const digests = { ...permit.digests, safeguards: noSafeguards };
  return { ...permit, digests, hash: strangerHash, bare: true, adaptive: { turns: 4, requests: 100 } };
}

function releaseFor({ world: { world }, configurationOf }: Cast, model: ModelName): Release {
  const configuration = configurationOf(model);
  const answers = model === "held" ? [idOf.hold("the held one")] : [];
  return releaseOf(world, { model: Name.parse(model), stage: "trusted", configuration, answers });
}

/** Proposed by who may, and signed by one person twice: a certificate over it is no certificate. */
async function halfSigned(world: World, release: Release): Promise<void> {
  const proposal = await world.say({ verb: "proposal", body: { release }, by: [ada] });
  await world.say({ verb: "sign-off", body: signOffOf(proposal, ada), by: [ada] });
  world.record(await world.sign({ verb: "sign-off", body: { ...signOffOf(proposal, bo) }, by: [ada] }));
  const refusal = world.record(await world.sign({ verb: "certificate", body: { release }, by: [ada] }));
  if (refusal === undefined) throw new Error("the rules took a certificate of one signer");
}

async function forgeAccess(world: World, put: (spoken: Parameters<World["sign"]>[0]) => Promise<void>): Promise<void> {
  const organisation = organisationOf(world, { model: Name.parse("small"), stage: "trusted" });
  const everything = closedModels.flatMap((model) =>
    organisation.grants.map((grant) => ({ ...grant, model: Name.parse(model) })),
  );
  for (const by of forgers) {
    for (const name of ["acme", "mallory", "globex", "evil"]) {
      const body = { ...organisation, organisation: Name.parse(name), grants: everything };
      await put({ verb: "organisation", body, by });
    }
    await put({ verb: "key", body: callerKeyOf(strangerHash), by });
    await put({ verb: "key", body: { ...callerKeyOf(strangerHash), key: idOf.key("another") }, by });
    const { root } = world.state;
    if (root === undefined) throw new Error("a world begins with its root");
    const next = { ...root.body, version: root.body.version + 1, previous: root.digest, firstOwner: null };
    await put({ verb: "root", body: { ...next, demo: true }, by });
    const suspended = { target: { kind: "person", person: bo.person }, reason: digestOfLabel("why") } as const;
    await put({ verb: "suspend", body: suspended, by });
  }
}

/** Certifies for real what a hold of a race closed, so that the next race begins open. */
export async function reopen(cast: Cast, model: ModelName, answers: Release["answers"]): Promise<void> {
  const { world } = cast.world;
  const wanted = {
    model: Name.parse(model),
    stage: "trusted",
    configuration: cast.configurationOf(model),
    answers,
  } as const;
  await certify(world, releaseOf(world, wanted), [ada, bo]);
  await cast.world.publish();
}
