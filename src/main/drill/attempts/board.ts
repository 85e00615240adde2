// Attempts by people of the board, or by whoever has one of their keys: opening alone, opening more than was signed,
// opening without evidence, opening again with what opened once.
import { z } from "zod";
import { batchOf } from "../../../feed/catch-up.ts";
import type { Proposal } from "../../../acts/state.ts";
import { type Session, signAs } from "../../../cli/session.ts";
import { BatchView, routes } from "../../../control/contract.ts";
import { digestOf } from "../../../proof/digest.ts";
import { toUtf8 } from "../../../proof/encoding.ts";
import { newSigner, nodePrimitives, signerFromSeed } from "../../../proof/node.ts";
import { Digest, ProposalId, instantOf, timestampOf, Instant } from "../../../terms/ids.ts";
import { need, refusalIn } from "../../in-process.ts";
import { type Attempt, type Outcome, Unfinished, judgeKnock, judgeRefusal, worst } from "../attempt.ts";
import { knock } from "../gate.ts";
import { type Ground, proposeSigned } from "../ground.ts";
import { forge, refusalOf, sessionOf } from "../submitting.ts";

/** A commitment to no reason: the drill has none to keep. */
const noReason = Digest.parse(digestOf(toUtf8("drill"), nodePrimitives));
const dayMs = 86_400_000;

interface Proposed {
  readonly session: Session;
  readonly proposal: Proposal;
}

async function proposalOf(ground: Ground, id: string): Promise<Proposed> {
  const session = await sessionOf(ground, ground.owner);
  const proposal = session.state.proposals.get(ProposalId.parse(id));
  if (proposal === undefined) throw new Unfinished("the proposal was not recorded");
  return { session, proposal };
}

async function laterIsClosed({ gate, later }: Ground): Promise<Outcome> {
  return judgeKnock(await knock(gate, { secret: later }), ["stage_closed"]);
}

const editedProposal: Attempt = {
  name: "edited-proposal",
  attempted: "Two persons sign for stage trusted; the owner certifies the same proposal for limited, and for longer.",
  make: async (ground) => {
    const { session, proposal } = await proposalOf(ground, await proposeSigned(ground, "trusted"));
    const { release } = proposal;
    const longer = timestampOf(Instant.parse(instantOf(release.notAfter) + dayMs));
    const outcomes: Outcome[] = [];
    for (const edited of [
      { ...release, stage: "limited" as const },
      { ...release, notAfter: longer },
    ]) {
      const code = await refusalOf(session, await signAs(session, "certificate", { release: edited }));
      outcomes.push(judgeRefusal(code, ["statement_invalid"]));
    }
    return worst([...outcomes, await laterIsClosed(ground)]);
  },
};

const Id = z.object({ proposal: z.string() });

const onePersonTwoKeys: Attempt = {
  name: "one-person-two-keys",
  attempted: "The owner alone fills the safety seat: with a second key, with both keys, and by inviting themselves.",
  make: async (ground) => {
    const { desk, owner } = ground;
    const asked = ["release", "propose", "drill", "--stage", "limited", "--reason", "drill", "--profile", owner];
    const { proposal: id } = await need(desk.run(asked), Id);
    await need(desk.run(["release", "sign", id, "--reason", "drill", "--profile", owner]), z.unknown());
    const { session, proposal } = await proposalOf(ground, id);
    const own = signerFromSeed(session.profile.seed);
    const second = newSigner().signer;
    const body = {
      proposal: proposal.release.proposal,
      release: proposal.digest,
      verdict: "for",
      reason: noReason,
    } as const;
    const outcomes: Outcome[] = [];
    for (const [role, signers] of [
      ["safety", [second]],
      ["safety", [own, second]],
      ["safety", [own]],
    ] as const) {
      const envelope = await forge(session.profile, { verb: "sign-off", body: { ...body, role } }, signers);
      const expected = ["authority_missing", "statement_invalid"];
      outcomes.push(judgeRefusal(await refusalOf(session, envelope), expected));
    }
    const invited = await desk.run(["person", "invite", "--name", "Me again", "--role", "safety", "--profile", owner]);
    outcomes.push(judgeRefusal(invited.exit === 0 ? undefined : "quorum_missing", ["quorum_missing"]));
    const advanced = refusalIn(await desk.run(["release", "advance", id, "--profile", owner]));
    outcomes.push(judgeRefusal(advanced?.code, ["gate_not_passed", "quorum_missing"]));
    return worst([...outcomes, await laterIsClosed(ground)]);
  },
};

const noEvidence: Attempt = {
  name: "no-evidence",
  attempted: "Both persons sign for a stage whose suite was never run, and the owner advances it.",
  make: async (ground) => {
    const id = await proposeSigned(ground, "general");
    const refused = refusalIn(await ground.desk.run(["release", "advance", id, "--profile", ground.owner]));
    return worst([judgeRefusal(refused?.code, ["gate_not_passed"]), await laterIsClosed(ground)]);
  },
};

const Key = z.object({ id: z.string(), key: z.string() });

const replayedStatement: Attempt = {
  name: "replayed-statement",
  attempted: "A key is suspended, and the statement that created it is sent again.",
  make: async (ground) => {
    const { desk, owner, gate } = ground;
    const key = await need(desk.run(["key", "create", "--organisation", "caller", "--profile", owner]), Key);
    const before = await knock(gate, { secret: key.key });
    if (before.reply.status !== 200) throw new Unfinished("the key did not work before it was suspended");
    await need(desk.run(["key", "suspend", key.id, "--reason", "drill", "--profile", owner]), z.unknown());
    const session = await sessionOf(ground, owner);
    const statement = await recorded(session, (text) => text.includes(key.id));
    const again = await refusalOf(session, statement);
    const outcome = judgeKnock(await knock(gate, { secret: key.key }), ["key_suspended"]);
    return { ...outcome, how: `${again ?? "taken for what is recorded already"}; ${outcome.how}` };
  },
};

/** The first statement on record whose payload has something in it. */
export async function recorded(session: Session, isWanted: (payload: string) => boolean): Promise<Uint8Array> {
  const { records } = batchOf(await session.client.get(`${routes.batch}?from=0`, BatchView));
  const Envelope = z.object({ payload: z.base64() });
  const wanted = records.find(({ envelope }) => {
    const { payload } = Envelope.parse(JSON.parse(Buffer.from(envelope).toString("utf8")));
    return isWanted(Buffer.from(payload, "base64").toString("utf8"));
  });
  if (wanted === undefined) throw new Unfinished("the statement to send again is not on record");
  return wanted.envelope;
}

export const boardAttempts: readonly Attempt[] = [editedProposal, onePersonTwoKeys, noEvidence, replayedStatement];
