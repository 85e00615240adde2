// Attempts by way of permits that take two persons: doors to the model without an organisation's key, and without safeguards.
// Each is tried with less than it takes, and the one that is given in full past everything that it does not say.
import { randomBytes } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { z } from "zod";
import type { BodyOf } from "../../../acts/bodies.ts";
import { itemHeader, itemProof } from "../../../acts/item-proof.ts";
import { secretBytes, secretKeyOf } from "../../../acts/secret-key.ts";
import { cosignStatement } from "../../../acts/statement.ts";
import { noSafeguards } from "../../../acts/two-person-permits.ts";
import { candidateDigest, suiteOf } from "../../../cli/candidate.ts";
import { type Session, artefact, signAs } from "../../../cli/session.ts";
import { graderDigest } from "../../../evidence/graders/grader-digest.ts";
import { openSuite } from "../../../evidence/suite.ts";
import { parseEnvelope } from "../../../proof/envelope.ts";
import { newSigner, nodePrimitives, randomId } from "../../../proof/node.ts";
import { Instant, Name, PermitId, RunId, timestampOf } from "../../../terms/ids.ts";
import { need } from "../../in-process.ts";
import { type Attempt, type Outcome, Unfinished, judgeKnock, judgeRefusal, worst } from "../attempt.ts";
import type { ChatBody } from "../../talk.ts";
import { type Knock, knock } from "../gate.ts";
import type { Ground } from "../ground.ts";
import { refusalOf, sessionOf } from "../submitting.ts";

const model = Name.parse("drill");

interface Door {
  readonly session: Session;
  readonly secret: string;
  readonly body: BodyOf<"permit">;
  /** The first of its items, with its path. */
  readonly visit: {
    readonly secret: string;
    readonly body: ChatBody;
    readonly headers: Readonly<Record<string, string>>;
  };
}

/** A permit without safeguards for the drill's own suite, each item once. */
async function doorOf(ground: Ground, lifeMs = 60_000): Promise<Door> {
  const session = await sessionOf(ground, ground.owner);
  const suiteDigest = candidateDigest(session, "Suite", Name.parse("locks"));
  const suite = await suiteOf(session, suiteDigest);
  if (suite.content === undefined) throw new Unfinished("the drill's suite has no items");
  const { items } = openSuite(suite, await artefact(session, suite.content.digest), nodePrimitives);
  const [first] = items;
  if (first === undefined) throw new Unfinished("the drill's suite is empty");
  const { secret, hash } = secretKeyOf(new Uint8Array(randomBytes(secretBytes)), false, nodePrimitives);
  const body: BodyOf<"permit"> = {
    permit: PermitId.parse(randomId("permit_", 16)),
    run: RunId.parse(randomId("run_", 16)),
    hash,
    model,
    slot: "candidate",
    digests: {
      model: candidateDigest(session, "Model", model),
      safeguards: noSafeguards,
      policy: candidateDigest(session, "UsagePolicy", Name.parse("default")),
      suite: suiteDigest,
      grader: graderDigest(suite, nodePrimitives),
    },
    items: { root: suite.content.root, count: suite.content.count },
    attempts: 1,
    tokens: 100_000,
    bare: true,
    notAfter: timestampOf(Instant.parse(Date.now() + lifeMs)),
    analysis: { measure: suite.measure.name, rule: "fixed", trials: suite.content.count, confidence: 0.95 },
  };
  const leaves = items.map(({ leafHash }) => leafHash);
  const headers = { [itemHeader]: itemProof(leaves, 0, nodePrimitives) };
  return { session, secret, body, visit: { secret, body: { ...first.body, model }, headers } };
}

/** The code that a permit is refused with, and that its secret opens nothing. */
async function judgeShut(ground: Ground, door: Door, { code, expected }: Refused): Promise<Outcome> {
  const came = judgeKnock(await knock(ground.gate, door.visit), ["key_unknown"]);
  return worst([judgeRefusal(code, expected), came]);
}

interface Refused {
  readonly code: string | undefined;
  readonly expected: readonly string[];
}

const unsignedSecond: Attempt = {
  name: "permit-of-one",
  attempted: "A permit without safeguards, signed by the owner alone.",
  make: async (ground) => {
    const door = await doorOf(ground);
    const code = await refusalOf(door.session, await signAs(door.session, "permit", door.body));
    return judgeShut(ground, door, { code, expected: ["quorum_missing", "statement_invalid"] });
  },
};

const onePersonTwice: Attempt = {
  name: "permit-of-one-twice",
  attempted: "The same, with a second key of the owner's own beside the first.",
  make: async (ground) => {
    const door = await doorOf(ground);
    const once = await signAs(door.session, "permit", door.body);
    const twice = await cosignStatement(parseEnvelope(once), newSigner().signer);
    const code = await refusalOf(door.session, twice);
    return judgeShut(ground, door, { code, expected: ["authority_missing"] });
  },
};

const Invited = z.object({ code: z.string(), act: z.string() });

const lateSecond: Attempt = {
  name: "permit-of-a-latecomer",
  attempted: "The same, countersigned by somebody who was admitted after it was written.",
  make: async (ground) => {
    const { desk, owner, safety } = ground;
    const door = await doorOf(ground);
    const once = await signAs(door.session, "permit", door.body);
    const asked = ["person", "invite", "--name", "Late", "--role", "policy", "--profile", owner];
    const { code: invitation, act } = Invited.parse((await desk.run(asked)).json);
    await need(desk.run(["cosign", act, "--profile", safety]), z.unknown());
    const late = ground.freshFolder("late.json");
    await need(desk.run(["join", invitation, "--profile", late]), z.unknown());
    const latecomer = await sessionOf(ground, late);
    const code = await refusalOf(latecomer, await cosignStatement(parseEnvelope(once), latecomer.signer));
    return judgeShut(ground, door, { code, expected: ["authority_missing"] });
  },
};

/** Signed by both, as it should be. */
async function give(ground: Ground, door: Door): Promise<void> {
  const once = await signAs(door.session, "permit", door.body);
  const safety = await sessionOf(ground, ground.safety);
  const code = await refusalOf(safety, await cosignStatement(parseEnvelope(once), safety.signer));
  if (code !== undefined) throw new Unfinished(`a permit that both signed was refused: ${code}`);
}

function checkServed({ reply }: Knock): void {
  if (reply.status !== 200) throw new Unfinished(`a permit that both signed serves nothing: ${reply.code ?? ""}`);
}

const beyondBounds: Attempt = {
  name: "permit-past-its-bounds",
  attempted: "One that both signed: for another model, another body, an item too often, and past its end.",
  make: async (ground) => {
    const { gate } = ground;
    const lifeMs = 6_000;
    const door = await doorOf(ground, lifeMs);
    await give(ground, door);
    const { visit } = door;
    checkServed(await knock(gate, visit));
    const other = await knock(gate, { ...visit, body: { ...visit.body, model: "scripted" } });
    const changed = await knock(gate, { ...visit, body: { ...visit.body, max_tokens: 4_000 } });
    const again = await knock(gate, visit);
    await wait(lifeMs);
    const late = await knock(gate, visit);
    return worst([
      judgeKnock(other, ["model_unknown"]),
      judgeKnock(changed, ["request_invalid"]),
      judgeKnock(again, ["quota_exhausted"]),
      judgeKnock(late, ["key_suspended"]),
    ]);
  },
};

export const permitAttempts: readonly Attempt[] = [unsignedSecond, onePersonTwice, lateSecond, beyondBounds];

const pastHold: Attempt = {
  name: "permit-past-a-hold",
  attempted: "A permit without safeguards that both sign while the model is held.",
  make: async (ground) => {
    const door = await doorOf(ground);
    await give(ground, door);
    return judgeKnock(await knock(ground.gate, door.visit), ["stage_closed:held"]);
  },
};

/** Once a hold stands. */
export const heldPermitAttempts: readonly Attempt[] = [pastHold];
