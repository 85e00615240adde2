// Trust root, invitations, admissions, suspensions: every way in that the rules keep shut, and the ones they open.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Name } from "../../terms/ids.ts";
import type { Role } from "../../terms/role.ts";
import { OpenStage } from "../../terms/stage.ts";
import type { BodyOf, Root } from "../bodies.ts";
import {
  type Player,
  type Spoken,
  type World,
  ada,
  allServers,
  bo,
  callerKeyOf,
  digestOfLabel,
  emptyWorld,
  firstRootBody,
  floors,
  idOf,
  inDays,
  invitationOf,
  join,
  oneTimeKeyOf,
  organisationOf,
  playerOf,
  servers,
  signerOf,
  verdictOn,
  worldOfOne,
  worldOfTwo,
} from "../fixtures.ts";
import { invitationDaysMax } from "./people.ts";

const cy = playerOf("Cy", "owner");
const eve = playerOf("Eve", "auditor");
const mallory = playerOf("Mallory", "safety");

async function firstRoot(changes: Partial<Root>, by: Spoken<"root">["by"] = [ada, ...allServers]): Promise<string> {
  return verdictOn(emptyWorld(), { verb: "root", body: { ...firstRootBody, ...changes }, by });
}

test("the first root is admitted when its owner and every server key in it sign", async () => {
  assert.equal(await firstRoot({}), "admitted");
});

test("the first root is refused when any one of its signers is missing or one is too many", async () => {
  const all = [ada.signer, ...allServers];
  for (const missing of all) {
    const rest = all.filter((signer) => signer !== missing);
    assert.match(await firstRoot({}, rest), /^quorum_missing: The first root is signed by/);
  }
  assert.match(await firstRoot({}, [...all, signerOf("Mallory")]), /^quorum_missing/);
});

test("the first root is version 1, follows none, and names an owner", async () => {
  assert.match(await firstRoot({ version: 2 }), /^statement_invalid: The first root is version 1/);
  assert.match(await firstRoot({ previous: digestOfLabel("x") }), /^statement_invalid: The first root/);
  assert.match(await firstRoot({ firstOwner: null }, allServers), /^statement_invalid: The first root/);
});

test("a first root anywhere but at index 0 is refused", async () => {
  const world = emptyWorld();
  world.record(await world.sign({ verb: "hold", body: holdOf(), by: [ada] }));
  assert.match(
    await verdictOn(world, { verb: "root", body: firstRootBody, by: [ada, ...allServers] }),
    /^statement_invalid: The first root is version 1, at index 0/,
  );
});

function holdOf(): BodyOf<"hold"> {
  return { hold: idOf.hold("one"), scope: { kind: "everything" }, reason: digestOfLabel("reason") };
}

test("in a root no key has two jobs, the owner's included", async () => {
  const twice = { gateways: [servers.control.publicKey] };
  assert.match(await firstRoot(twice), /^statement_invalid: Each key in a root has one job/);
  const firstOwner = { person: ada.person, key: servers.control.publicKey, name: digestOfLabel("name") };
  assert.match(await firstRoot({ firstOwner }, allServers), /^statement_invalid: The first owner's key is the owner's/);
});

test("no stage beyond internal has a floor that one person, or one role, fills", async () => {
  for (const stage of OpenStage.options.filter((open) => open !== "internal")) {
    for (const count of [1, 2]) {
      const weak = { floors: { ...floors, [stage]: [{ role: "owner", count }] } };
      assert.match(await firstRoot(weak), new RegExp(`^statement_invalid: The floor of stage ${stage}`));
    }
    const doubled = { floors: { ...floors, [stage]: [1, 2].map(() => ({ role: "owner" as const, count: 1 })) } };
    assert.match(await firstRoot(doubled), /^statement_invalid: The floor of stage/);
  }
});

function nextBody(world: World, changes: Partial<Root> = {}): Root {
  const { root } = world.state;
  assert.ok(root !== undefined);
  return { ...root.body, version: root.body.version + 1, previous: root.digest, firstOwner: null, ...changes };
}

async function nextRoot(world: World, changes: Partial<Root>, by: Spoken<"root">["by"]): Promise<string> {
  return verdictOn(world, { verb: "root", body: nextBody(world, changes), by });
}

test("one owner alone changes the root for as long as nobody else was ever admitted", async () => {
  const world = await worldOfOne();
  assert.equal(await nextRoot(world, {}, [ada]), "admitted");
  await join(world, bo, [ada]);
  assert.match(await nextRoot(world, {}, [ada]), /^quorum_missing: This root change takes 2/);
  assert.equal(await nextRoot(world, {}, [ada, bo]), "admitted");
});

test("a root change takes the persons that the old and the new version ask for", async () => {
  const world = await worldOfTwo({ personsForChange: 3 });
  assert.match(await nextRoot(world, { personsForChange: 1 }, [ada, bo]), /^quorum_missing: This root change takes 3/);
  const other = await worldOfTwo();
  assert.match(await nextRoot(other, { personsForChange: 3 }, [ada, bo]), /^quorum_missing: This root change takes 3/);
});

test("a root change takes an owner, and an auditor does not count", async () => {
  const world = await worldOfTwo();
  await join(world, playerOf("Dee", "policy"), [ada, bo]);
  await join(world, eve, [ada, bo]);
  assert.match(await nextRoot(world, {}, [bo, playerOf("Dee", "policy")]), /^quorum_missing/);
  assert.match(await nextRoot(world, {}, [ada, eve]), /^authority_missing: An auditor reads/);
});

test("a root follows the root before it, keeps origin and demo mark, and names no first owner", async () => {
  const world = await worldOfOne();
  const { firstOwner, log } = firstRootBody;
  assert.match(await nextRoot(world, { version: 3 }, [ada]), /^conflict: The next root is version 2/);
  assert.match(await nextRoot(world, { version: 1 }, [ada]), /^conflict: The next root is version 2/);
  assert.match(await nextRoot(world, { previous: digestOfLabel("x") }, [ada]), /^conflict: The next root/);
  assert.match(await nextRoot(world, { firstOwner }, [ada]), /^conflict: The next root/);
  assert.match(await nextRoot(world, { demo: true }, [ada]), /^statement_invalid: A root change keeps/);
  const moved = { log: { ...log, origin: "elsewhere.test/log" } };
  assert.match(await nextRoot(world, moved, [ada]), /^statement_invalid: A root change keeps/);
});

test("a new server key comes in only when it signs itself", async () => {
  const world = await worldOfOne();
  const gateway = signerOf("gateway 2");
  const gateways = [servers.gateway.publicKey, gateway.publicKey];
  assert.match(await nextRoot(world, { gateways }, [ada]), /^quorum_missing: Every new key/);
  assert.match(await nextRoot(world, { gateways }, [ada, signerOf("Mallory")]), /^quorum_missing: Every new key/);
  assert.match(await nextRoot(world, { gateways }, [ada, gateway, signerOf("Mallory")]), /^quorum_missing/);
  assert.equal(await nextRoot(world, { gateways }, [ada, gateway]), "admitted");
  await world.say({ verb: "root", body: nextBody(world, { gateways }), by: [ada, gateway] });
  assert.equal(world.state.root?.body.version, 2);
});

test("a new server key is nobody's: no person's and no invitation's", async () => {
  const world = await worldOfOne();
  await world.say({ verb: "invite", body: invitationOf(world, bo), by: [ada] });
  const code = oneTimeKeyOf(bo);
  assert.match(await nextRoot(world, { control: code.publicKey }, [ada, code]), /^conflict: A new server key/);
  assert.match(await nextRoot(world, { control: ada.signer.publicKey }, [ada]), /^conflict: A new server key/);
});

test("somebody suspended changes no root", async () => {
  const world = await worldOfTwo();
  await join(world, cy, [ada, bo]);
  await world.say({ verb: "suspend", body: suspension(bo), by: [ada] });
  assert.match(await nextRoot(world, {}, [ada, bo]), /^quorum_missing: Every new key/);
  assert.equal(await nextRoot(world, {}, [ada, cy]), "admitted");
});

function suspension(player: Player): BodyOf<"suspend"> {
  return { target: { kind: "person", person: player.person }, reason: digestOfLabel("reason") };
}

test("the first owner alone invites the second person, and from then on every invitation takes two", async () => {
  const world = await worldOfOne();
  await join(world, bo, [ada]);
  assert.equal(world.state.persons.get(bo.person)?.role, "safety");
  const body = invitationOf(world, cy);
  assert.match(await verdictOn(world, { verb: "invite", body, by: [ada] }), /^quorum_missing: Since a second person/);
  assert.equal(await verdictOn(world, { verb: "invite", body, by: [ada, bo] }), "admitted");
});

test("an invitation takes an owner, and no stranger, suspended person or auditor beside", async () => {
  const world = await worldOfTwo();
  await join(world, eve, [ada, bo]);
  await join(world, mallory, [ada, bo]);
  await world.say({ verb: "suspend", body: suspension(mallory), by: [ada] });
  const body = invitationOf(world, cy);
  assert.match(
    await verdictOn(world, { verb: "invite", body, by: [bo, eve] }),
    /^authority_missing: Inviting people needs the role owner/,
  );
  assert.match(
    await verdictOn(world, { verb: "invite", body, by: [ada, eve] }),
    /^authority_missing: Inviting people needs any role but auditor/,
  );
  assert.match(await verdictOn(world, { verb: "invite", body, by: [ada, mallory] }), /^authority_missing: A signature/);
  assert.match(await verdictOn(world, { verb: "invite", body, by: [ada, bo, cy] }), /^authority_missing: A signature/);
});

test("an invitation is for a new person with a free key, and ends in time", async () => {
  const world = await worldOfTwo();
  const body = invitationOf(world, cy);
  const ask = async (changes: Partial<BodyOf<"invite">>): Promise<string> =>
    verdictOn(world, { verb: "invite", body: { ...body, ...changes }, by: [ada, bo] });
  assert.match(await ask({ person: bo.person }), /^conflict: This person is already admitted/);
  assert.match(await ask({ key: bo.signer.publicKey }), /^conflict: The one-time key is in use/);
  assert.match(await ask({ key: servers.gateway.publicKey }), /^conflict: The one-time key is in use/);
  assert.match(await ask({ key: oneTimeKeyOf(bo).publicKey }), /^conflict: The one-time key is in use/);
  assert.match(await ask({ notAfter: inDays(world, 0) }), /^statement_invalid: An invitation ends within/);
  assert.match(await ask({ notAfter: inDays(world, invitationDaysMax + 1) }), /^statement_invalid: An invitation ends/);
});

test("the second person is one who can sign with the first: an auditor comes later", async () => {
  const world = await worldOfOne();
  const spoken = { verb: "invite", body: invitationOf(world, eve), by: [ada] } as const;
  assert.match(await verdictOn(world, spoken), /^conflict: Invite someone first who can sign with you/);
});

interface Invited {
  readonly world: World;
  readonly body: BodyOf<"admit">;
}

/** Cy is invited by Ada and Bo. */
async function invited(): Promise<Invited> {
  const world = await worldOfTwo();
  const invitation = await world.say({ verb: "invite", body: invitationOf(world, cy), by: [ada, bo] });
  return { world, body: { person: cy.person, key: cy.signer.publicKey, invitation: invitation.digest } };
}

test("who joins proves to hold the one-time key and their own, and nobody signs along", async () => {
  const { world, body } = await invited();
  const code = oneTimeKeyOf(cy);
  for (const by of [[cy], [code], [cy, code, ada], [cy, code, signerOf("x")], [code, mallory]]) {
    assert.match(await verdictOn(world, { verb: "admit", body, by }), /^quorum_missing: Joining is signed by/);
  }
  assert.equal(await verdictOn(world, { verb: "admit", body, by: [code, cy] }), "admitted");
});

test("an invitation admits the person it names, once, before it ends", async () => {
  const { world, body } = await invited();
  const code = oneTimeKeyOf(cy);
  const ask = async (changes: Partial<BodyOf<"admit">>, by: Spoken<"admit">["by"] = [code, cy]): Promise<string> =>
    verdictOn(world, { verb: "admit", body: { ...body, ...changes }, by });
  assert.match(await ask({ invitation: digestOfLabel("none") }), /^not_found: This invitation/);
  assert.match(await ask({ person: mallory.person }), /^statement_invalid: This invitation is for another/);
  const late = { verb: "admit", body, by: [code, cy], at: inDays(world, 8) } as const;
  assert.match(await verdictOn(world, late), /^authority_missing: This invitation has expired/);
  await world.say({ verb: "admit", body, by: [code, cy] });
  assert.match(await ask({}), /^conflict: This invitation was used already/);
});

test("a person's key is new: not the one-time key, a server's or another person's", async () => {
  const { world, body } = await invited();
  const code = oneTimeKeyOf(cy);
  for (const signer of [code, servers.gateway, bo.signer]) {
    const by = signer === code ? [code] : [code, signer];
    const spoken = { verb: "admit", body: { ...body, key: signer.publicKey }, by } as const;
    assert.match(await verdictOn(world, spoken), /^conflict: A person's key is new/);
  }
});

test("two invitations of one person admit one person", async () => {
  const { world, body } = await invited();
  const code = signerOf("second code");
  const again = { ...invitationOf(world, cy), key: code.publicKey };
  const second = await world.say({ verb: "invite", body: again, by: [ada, bo] });
  await world.say({ verb: "admit", body, by: [oneTimeKeyOf(cy), cy] });
  const spoken = {
    verb: "admit",
    body: { person: cy.person, key: mallory.signer.publicKey, invitation: second.digest },
    by: [code, mallory],
  } as const;
  assert.match(await verdictOn(world, spoken), /^statement_invalid: This invitation is for another person/);
});

test("an invitation that one person wrote dies when the second person comes in by another", async () => {
  const world = await worldOfOne();
  const puppet = await world.say({ verb: "invite", body: invitationOf(world, mallory), by: [ada] });
  await join(world, bo, [ada]);
  const body = { person: mallory.person, key: mallory.signer.publicKey, invitation: puppet.digest };
  const spoken = { verb: "admit", body, by: [oneTimeKeyOf(mallory), mallory] } as const;
  assert.match(await verdictOn(world, spoken), /^quorum_missing: Since it was written/);
});

test("an invitation dies with the standing of its signers: two must remain, an owner among them", async () => {
  const { world, body } = await invited();
  const spoken = { verb: "admit", body, by: [oneTimeKeyOf(cy), cy] } as const;
  await world.say({ verb: "suspend", body: suspension(bo), by: [ada] });
  assert.match(await verdictOn(world, spoken), /^quorum_missing: Since it was written/);

  const other = await worldOfTwo();
  const dee = playerOf("Dee", "policy");
  const zoe = playerOf("Zoe", "owner");
  await join(other, dee, [ada, bo]);
  await join(other, zoe, [ada, bo]);
  const invitation = await other.say({ verb: "invite", body: invitationOf(other, cy), by: [zoe, bo, dee] });
  await other.say({ verb: "suspend", body: suspension(zoe), by: [ada] });
  const again = { ...spoken, body: { ...body, invitation: invitation.digest } };
  assert.match(await verdictOn(other, again), /^quorum_missing: Since it was written/);
});

test("an owner suspends a person, and the other roles that suspend do not", async () => {
  const world = await worldOfTwo();
  const access = playerOf("Abe", "access");
  await join(world, access, [ada, bo]);
  const spoken = { verb: "suspend", body: suspension(bo), by: [access] } as const;
  assert.match(await verdictOn(world, spoken), /^authority_missing: Suspending a person takes an owner/);
  const nobody = { verb: "suspend", body: suspension(mallory), by: [ada] } as const;
  assert.match(await verdictOn(world, nobody), /^not_found: There is no such person/);
  await world.say({ verb: "suspend", body: suspension(bo), by: [ada] });
  assert.equal(world.state.persons.get(bo.person)?.suspended, true);
  assert.match(
    await verdictOn(world, { verb: "hold", body: holdOf(), by: [bo] }),
    /^authority_missing: A signature on this statement is by nobody/,
  );
});

test("nobody is suspended back in: a suspended person stays out under the same id", async () => {
  const world = await worldOfTwo();
  await join(world, cy, [ada, bo]);
  await world.say({ verb: "suspend", body: suspension(bo), by: [ada] });
  const spoken = {
    verb: "invite",
    body: { ...invitationOf(world, bo), key: signerOf("new").publicKey },
    by: [ada, cy],
  };
  assert.match(await verdictOn(world, { ...spoken, verb: "invite" }), /^conflict: This person is already admitted/);
});

test("owner and access suspend organisations and keys that exist", async () => {
  const world = await worldOfTwo();
  const roles: readonly (readonly [Role, RegExp])[] = [
    ["access", /^admitted$/],
    ["policy", /^authority_missing/],
  ];
  await world.say({
    verb: "organisation",
    body: organisationOf(world, { model: Name.parse("small"), stage: "trusted" }),
    by: [ada],
  });
  const key = callerKeyOf(digestOfLabel("secret"));
  await world.say({ verb: "key", body: key, by: [ada] });
  const reason = digestOfLabel("reason");
  const acme = { target: { kind: "organisation", organisation: Name.parse("acme") }, reason } as const;
  const itsKey = { target: { kind: "key", key: key.key }, reason } as const;
  for (const [role, expected] of roles) {
    const player = playerOf(`the ${role}`, role);
    await join(world, player, [ada, bo]);
    for (const body of [acme, itsKey]) {
      assert.match(await verdictOn(world, { verb: "suspend", body, by: [player] }), expected);
    }
  }
  const noOrganisation = { target: { kind: "organisation", organisation: Name.parse("none") }, reason } as const;
  const noKey = { target: { kind: "key", key: idOf.key("none") }, reason } as const;
  for (const body of [noOrganisation, noKey]) {
    assert.match(await verdictOn(world, { verb: "suspend", body, by: [ada] }), /^not_found/);
  }
  await world.say({ verb: "suspend", body: acme, by: [ada] });
  await world.say({ verb: "suspend", body: itsKey, by: [ada] });
  assert.equal(world.state.organisations.get(Name.parse("acme"))?.suspended, true);
  assert.equal(world.state.keys.get(key.hash)?.standing, "suspended");
});
