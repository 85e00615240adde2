// Further keys of a person: who may ask for one, what the code may bring, how one is taken away, and that several are one person.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Signer } from "../../proof/primitives.ts";
import { Name, timestampOf, toInstant } from "../../terms/ids.ts";
import type { BodyOf } from "../bodies.ts";
import type { Act } from "../statement.ts";
import {
  type Player,
  type Spoken,
  ada,
  bo,
  certify,
  configurationOf,
  digestOfLabel,
  documentsOf,
  furtherKeyOf,
  idOf,
  inDays,
  invitationOf,
  join,
  joinFrom,
  linkKey,
  playerOf,
  releaseOf,
  servers,
  signOffOf,
  signerOf,
  verdictOn,
  worldOfOne,
  worldOfTwo,
} from "../fixtures.ts";
import { keysOfPersonMax } from "./person-keys.ts";

const eve = playerOf("Eve", "auditor");
const mallory = playerOf("Mallory", "owner");
const reason = digestOfLabel("reason");
const code = signerOf("a code");
const browser = signerOf("a browser");

test("whoever was admitted asks alone for a further key of their own, whatever their role, and it signs for them", async () => {
  const world = await worldOfTwo();
  await join(world, eve, [ada, bo]);
  for (const player of [ada, bo, eve]) {
    const before = world.state.persons.get(player.person);
    const key = await linkKey(world, player, { label: `browser of ${player.role}` });
    const { keys = [], ...rest } = world.state.persons.get(player.person) ?? {};
    const { keys: _, ...was } = before ?? {};
    assert.deepEqual(rest, was);
    assert.deepEqual(
      keys.map((one) => [one.key, one.madeIn]),
      [
        [player.signer.publicKey, undefined],
        [key.publicKey, "browser"],
      ],
    );
    assert.equal(world.state.personByKey.get(key.publicKey), player.person);
  }
});

test("nobody asks for a further key of somebody else, alone, with them or for them", async () => {
  const world = await worldOfTwo();
  await join(world, mallory, [ada, bo]);
  const body = furtherKeyOf(world, bo);
  for (const by of [[ada], [mallory], [ada, mallory], [bo, mallory], [servers.control], [browser], [code]]) {
    assert.match(await verdictOn(world, { verb: "invite", body, by }), /^(authority_missing|quorum_missing)/);
  }
  for (const [player, beside] of [
    [bo, ada],
    [ada, bo],
    [bo, signerOf("a stranger")],
  ] as const) {
    const spoken = { verb: "invite", body: furtherKeyOf(world, player), by: [player, beside] } as const;
    assert.match(await verdictOn(world, spoken), /^authority_missing/, "not their own alone");
  }
  assert.equal(await verdictOn(world, { verb: "invite", body, by: [bo] }), "admitted");
  const { furtherKey: _, ...plain } = body;
  assert.match(await verdictOn(world, { verb: "invite", body: plain, by: [bo] }), /^(authority|quorum)_missing/);
  assert.match(await verdictOn(world, { verb: "invite", body: plain, by: [ada, bo] }), /^conflict: This person is/);
});

test("it brings nothing but a key: no other role, name or affiliation, no longer life, no key that is somebody's", async () => {
  const world = await worldOfTwo();
  const lee = playerOf("Lee", "evaluator");
  await joinFrom(world, lee, Name.parse("city-university"));
  const ask = async (player: Player, changes: Partial<BodyOf<"invite">>): Promise<string> =>
    verdictOn(world, { verb: "invite", body: furtherKeyOf(world, player, changes), by: [player] });
  const same = /^statement_invalid: A further key brings nothing but a key/;
  assert.match(await ask(bo, { role: "owner" }), same);
  assert.match(await ask(bo, { name: digestOfLabel("Ada's name") }), same);
  assert.match(await ask(bo, { affiliation: Name.parse("acme") }), same);
  const { mandated: _, ...unbound } = furtherKeyOf(world, lee);
  assert.match(await verdictOn(world, { verb: "invite", body: unbound, by: [lee] }), same);
  const long = /^statement_invalid: A code for a further key ends within 60 minutes/;
  assert.match(await ask(bo, { notAfter: inDays(world, 2 / 24) }), long);
  assert.match(await ask(bo, { notAfter: inDays(world, -1) }), long);
  for (const key of [ada.signer, servers.control, servers.gateway, bo.signer])
    assert.match(await ask(bo, { key: key.publicKey }), /^conflict: The one-time key/);
  const nobody = { ...furtherKeyOf(world, bo), person: idOf.person("nobody") };
  assert.match(await verdictOn(world, { verb: "invite", body: nobody, by: [bo] }), /^(authority|quorum)_missing/);
});

test("a code works once, in time, for its person, with both keys and with a key that is nobody's", async () => {
  const world = await worldOfTwo();
  const invitation = await world.say({ verb: "invite", body: furtherKeyOf(world, bo), by: [bo] });
  const body = { person: bo.person, key: browser.publicKey, invitation: invitation.digest };
  const verdict = async (
    changes: Partial<BodyOf<"admit">>,
    by: Spoken<"admit">["by"] = [code, browser],
  ): Promise<string> => verdictOn(world, { verb: "admit", body: { ...body, ...changes }, by });
  assert.match(await verdict({ person: ada.person }), /^statement_invalid: This invitation is for another person/);
  assert.match(await verdict({ person: idOf.person("new") }), /^statement_invalid: This invitation is for another/);
  assert.match(await verdict({}, [code]), /^quorum_missing: Joining is signed by/);
  assert.match(await verdict({}, [browser]), /^quorum_missing/);
  assert.match(await verdict({}, [code, browser, bo]), /^quorum_missing/);
  for (const taken of [ada, bo, servers.control, servers.log].map((one) => ("signer" in one ? one.signer : one)))
    assert.match(await verdict({ key: taken.publicKey }, [code, taken]), /^conflict: A person's key is new/);
  assert.match(await verdict({ key: code.publicKey }, [code]), /^conflict: A person's key is new/);
  const at = timestampOf(toInstant(Date.parse(furtherKeyOf(world, bo).notAfter) + 1));
  const late = { verb: "admit", body, by: [code, browser], at } as const;
  assert.match(await verdictOn(world, late), /^authority_missing: This invitation has expired/);
  await world.say({ verb: "admit", body, by: [code, browser] });
  assert.match(
    await verdict({ key: signerOf("another").publicKey }, [code, signerOf("another")]),
    /^conflict: This inv/,
  );
});

test("one owner with two keys is still one person: nothing waits for a second, and nothing opens by two", async () => {
  const world = await worldOfOne();
  const key = await linkKey(world, ada);
  assert.equal(world.state.pairSeen, false);
  await join(world, bo, [ada]);
  const cy = playerOf("Cy", "owner");
  const body = invitationOf(world, cy);
  assert.match(await verdictOn(world, { verb: "invite", body, by: [ada, key] }), /^quorum_missing: Since a second/);
  const root = world.state.root;
  assert.ok(root !== undefined);
  const next = { ...root.body, version: 2, previous: root.digest, firstOwner: null };
  assert.match(await verdictOn(world, { verb: "root", body: next, by: [ada, key] }), /^quorum_missing: This root/);
});

test("two keys of one person fill one seat of a proposal, and the last word of either counts", async () => {
  const world = await worldOfTwo();
  const key = await linkKey(world, bo);
  const model = Name.parse("small");
  const configuration = configurationOf("one");
  await world.say({ verb: "document", body: documentsOf(model, configuration), by: [ada] });
  const release = releaseOf(world, { model, stage: "trusted", configuration });
  const proposal = await world.say({ verb: "proposal", body: { release }, by: [ada] });
  for (const by of [[bo], [key], [bo, key]])
    assert.equal(await verdictOn(world, { verb: "sign-off", body: signOffOf(proposal, bo), by }), "admitted");
  await world.say({ verb: "sign-off", body: signOffOf(proposal, bo), by: [bo] });
  await world.say({ verb: "sign-off", body: signOffOf(proposal, bo), by: [key] });
  assert.match(await verdictOn(world, { verb: "certificate", body: { release }, by: [ada] }), /^quorum_missing/);
  await world.say({ verb: "sign-off", body: signOffOf(proposal, ada), by: [ada] });
  assert.equal(await verdictOn(world, { verb: "certificate", body: { release }, by: [ada] }), "admitted");
  await world.say({ verb: "sign-off", body: signOffOf(proposal, bo, "against"), by: [key] });
  assert.match(await verdictOn(world, { verb: "certificate", body: { release }, by: [ada] }), /^quorum_missing/);
});

test("a key that came after a proposal signs it: the person was there before", async () => {
  const world = await worldOfTwo();
  const model = Name.parse("small");
  const configuration = configurationOf("one");
  await world.say({ verb: "document", body: documentsOf(model, configuration), by: [ada] });
  const release = releaseOf(world, { model, stage: "trusted", configuration });
  const proposal = await world.say({ verb: "proposal", body: { release }, by: [ada] });
  const key = await linkKey(world, bo);
  assert.equal(await verdictOn(world, { verb: "sign-off", body: signOffOf(proposal, bo), by: [key] }), "admitted");
});

test("suspending a person kills every key, and the codes that are open", async () => {
  const world = await worldOfTwo();
  const key = await linkKey(world, bo);
  const invitation = await world.say({ verb: "invite", body: furtherKeyOf(world, bo), by: [key] });
  const target = { kind: "person", person: bo.person } as const;
  await world.say({ verb: "suspend", body: { target, reason }, by: [ada] });
  const hold = { hold: idOf.hold("x"), scope: { kind: "everything" }, reason } as const;
  for (const by of [[bo], [key], [bo, key]])
    assert.match(await verdictOn(world, { verb: "hold", body: hold, by }), /^authority_missing/);
  const body = { person: bo.person, key: signerOf("third").publicKey, invitation: invitation.digest };
  assert.match(
    await verdictOn(world, { verb: "admit", body, by: [code, signerOf("third")] }),
    /^authority_missing: The person who asked for this key was suspended/,
  );
});

function gone({ person }: Player, { publicKey: key }: Signer): BodyOf<"suspend"> {
  return { target: { kind: "person-key", person, key }, reason };
}

test("a key is taken away by its person or an owner, for good; the last one stays", async () => {
  const world = await worldOfTwo();
  await join(world, eve, [ada, bo]);
  const dee = playerOf("Dee", "access");
  await join(world, dee, [ada, bo]);
  const key = await linkKey(world, eve);
  const verdict = async (body: BodyOf<"suspend">, by: readonly (Player | Signer)[]): Promise<string> =>
    verdictOn(world, { verb: "suspend", body, by });
  for (const by of [[bo], [dee], [servers.control], [eve, bo]])
    assert.match(await verdict(gone(eve, key), by), /^(authority_missing|statement_invalid)/);
  assert.match(await verdict(gone(bo, bo.signer), [bo]), /^conflict: This is the person's only key/);
  assert.match(await verdict(gone(bo, key), [bo]), /^not_found/);
  assert.match(await verdict(gone(eve, signerOf("unknown")), [eve]), /^not_found/);
  for (const by of [[eve], [key], [ada]]) assert.equal(await verdict(gone(eve, key), by), "admitted");
  const invitation = await world.say({ verb: "invite", body: furtherKeyOf(world, eve), by: [key] });
  await world.say({ verb: "suspend", body: gone(eve, key), by: [eve] });
  assert.equal(world.state.personByKey.get(key.publicKey), undefined);
  const again = { person: eve.person, key: key.publicKey, invitation: invitation.digest };
  assert.match(
    await verdictOn(world, { verb: "admit", body: again, by: [code, key] }),
    /^conflict: This invitation was/,
  );
  const other = signerOf("another code");
  const anew = await world.say({ verb: "invite", body: furtherKeyOf(world, eve, { key: other.publicKey }), by: [eve] });
  const back = { ...again, invitation: anew.digest };
  assert.match(
    await verdictOn(world, { verb: "admit", body: back, by: [other, key] }),
    /^conflict: A person's key is new/,
  );
});

test("a person has eight keys, open codes included, and not one more", async () => {
  const world = await worldOfTwo();
  for (let made = 1; made < keysOfPersonMax - 1; made += 1) await linkKey(world, bo, { label: `browser ${made}` });
  await world.say({ verb: "invite", body: furtherKeyOf(world, bo), by: [bo] });
  const key = signerOf("one too many").publicKey;
  assert.match(
    await verdictOn(world, { verb: "invite", body: furtherKeyOf(world, bo, { key }), by: [bo] }),
    /^conflict: A person has at most 8 keys/,
  );
});

test("nor by codes that are over, answered as if it were still their hour", async () => {
  const world = await worldOfTwo();
  const codes: { seat: Signer; act: Act }[] = [];
  for (let made = 0; made < 2 * keysOfPersonMax - 2; made += 1) {
    if (made === keysOfPersonMax - 1) world.wait(7_200_000);
    const seat = signerOf(`code ${made}`);
    const body = furtherKeyOf(world, bo, { key: seat.publicKey });
    codes.push({ seat, act: await world.say({ verb: "invite", body, by: [bo] }) });
  }
  for (const [made, { seat, act }] of codes.entries()) {
    const key = signerOf(`key ${made}`);
    const body = { person: bo.person, key: key.publicKey, invitation: act.digest };
    world.record(await world.sign({ verb: "admit", body, by: [seat, key], at: act.predicate.at }));
  }
  assert.equal(world.state.persons.get(bo.person)?.keys.length, keysOfPersonMax);
});

test("what a further key certifies counts as its person's", async () => {
  const world = await worldOfTwo();
  const key = await linkKey(world, bo);
  const model = Name.parse("small");
  const configuration = configurationOf("one");
  await world.say({ verb: "document", body: documentsOf(model, configuration), by: [ada] });
  const release = releaseOf(world, { model, stage: "trusted", configuration });
  await certify(world, release, [ada, { ...bo, signer: key }]);
  assert.equal(world.state.certificates.get(model)?.length, 1);
});

test("what browsers alone ask for is a browser's, whatever its maker says, and so is whatever that asks for", async () => {
  const world = await worldOfTwo();
  const madeIn = (player: Player): readonly unknown[] =>
    world.state.persons.get(player.person)?.keys.map((one) => one.madeIn) ?? [];
  const link = async (signer: Signer, label: string): Promise<Signer> =>
    linkKey(world, { ...bo, signer }, { label, isSilent: true });
  await link(bo.signer, "of the command line");
  const first = await linkKey(world, bo);
  const second = await link(first, "of a browser's asking");
  await link(second, "of that one's asking");
  assert.deepEqual(madeIn(bo), [undefined, undefined, "browser", "browser", "browser"]);
  const own = await linkKey(world, ada, { label: "browser of the owner" });
  await join(world, eve, [
    { ...ada, signer: own },
    { ...bo, signer: second },
  ]);
  await join(world, mallory, [{ ...ada, signer: own }, bo]);
  assert.deepEqual([madeIn(eve), madeIn(mallory)], [["browser"], [undefined]]);
});
