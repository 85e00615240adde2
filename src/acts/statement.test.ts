// The form of a statement: what opens, and that nothing else does.
import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { canonicalBytes } from "../proof/canonical.ts";
import { digestOfValue } from "../proof/digest.ts";
import { toUtf8 } from "../proof/encoding.ts";
import { envelopeBytes, parseEnvelope, signEnvelope } from "../proof/envelope.ts";
import { nodePrimitives } from "../proof/node.ts";
import { failureCode } from "../terms/failure.ts";
import { OpenStage } from "../terms/stage.ts";
import { Name } from "../terms/ids.ts";
import { bodies } from "./bodies.ts";
import {
  ada,
  allServers,
  bo,
  digestOfLabel,
  emptyWorld,
  firstRootBody,
  idOf,
  signerOf,
  worldOfOne,
} from "./fixtures.ts";
import { cosignStatement, envelopeBytesMax, openStatement, payloadType, predicateType } from "./statement.ts";

const hold = {
  hold: idOf.hold("one"),
  scope: { kind: "model", model: Name.parse("small") },
  reason: digestOfLabel("reason"),
};

interface Parts {
  readonly verb?: string;
  readonly body?: unknown;
  readonly statement?: object;
  readonly predicate?: object;
  readonly subject?: unknown;
}

/** A hold statement with parts of it replaced. */
function statementOf({ verb = "hold", body = hold, statement = {}, predicate = {}, subject }: Parts): object {
  const sha256 = digestOfValue(body, nodePrimitives).slice("sha256:".length);
  return {
    _type: "https://in-toto.io/Statement/v1",
    subject: subject ?? [{ name: verb, digest: { sha256 } }],
    predicateType,
    predicate: {
      deployment: "dep_0123456789abcdef",
      verb,
      body,
      nonce: "0".repeat(32),
      at: "2026-01-01T00:00:00.000Z",
      seen: null,
      ...predicate,
    },
    ...statement,
  };
}

async function signedBytes(payload: Uint8Array, type = payloadType): Promise<Uint8Array> {
  return envelopeBytes(await signEnvelope(payload, type, [ada.signer]));
}

/** The failure code of opening a statement of these parts; undefined where it opens. */
async function codeOf(parts: Parts): Promise<string | undefined> {
  return codeOfBytes(await signedBytes(canonicalBytes(statementOf(parts))));
}

async function codeOfBytes(bytes: Uint8Array): Promise<string | undefined> {
  try {
    await openStatement(bytes, nodePrimitives);
    return undefined;
  } catch (error) {
    return failureCode(error) ?? "not a Failure";
  }
}

test("a signed statement opens to its verb, body, signers and three digests", async () => {
  const world = emptyWorld();
  const { act, envelope } = await world.sign({ verb: "root", body: firstRootBody, by: [ada, ...allServers] });
  assert.equal(act.predicate.verb, "root");
  assert.deepEqual(act.predicate.body, firstRootBody);
  assert.equal(act.body, digestOfValue(firstRootBody, nodePrimitives));
  assert.deepEqual(new Set(act.signers), new Set([ada.signer, ...allServers].map((signer) => signer.publicKey)));
  assert.notEqual(act.digest, act.envelope);
  assert.equal(await codeOfBytes(envelope), undefined);
});

test("cosigning keeps the act's digest and changes the envelope's", async () => {
  const world = await worldOfOne();
  const { act, envelope } = await world.sign({ verb: "root", body: firstRootBody, by: [ada] });
  const cosigned = await openStatement(await cosignStatement(parseEnvelope(envelope), bo.signer), nodePrimitives);
  assert.equal(cosigned.digest, act.digest);
  assert.notEqual(cosigned.envelope, act.envelope);
  assert.equal(cosigned.signers.length, 2);
});

test("the well-formed statement that the others differ from opens", async () => {
  assert.equal(await codeOf({}), undefined);
});

const malformed: readonly (readonly [string, Parts])[] = [
  ["whose subject names another verb", { subject: [{ name: "suspend", digest: { sha256: "0".repeat(64) } }] }],
  ["whose subject has another body's digest", { subject: [{ name: "hold", digest: { sha256: "0".repeat(64) } }] }],
  [
    "with two subjects",
    {
      subject: [1, 2].map(() => ({
        name: "hold",
        digest: { sha256: digestOfValue(hold, nodePrimitives).slice(7) },
      })),
    },
  ],
  ["with an unknown verb", { verb: "release" }],
  ["with a verb that every object has", { verb: "constructor" }],
  ["with an unknown field in its body", { body: { ...hold, also: 1 } }],
  ["with an unknown field beside its predicate", { statement: { extra: true } }],
  ["with an unknown field in its predicate", { predicate: { role: "owner" } }],
  ["with another verb's body", { verb: "suspend" }],
  ["of another type", { statement: { _type: "https://in-toto.io/Statement/v0.1" } }],
  ["with another predicate type", { statement: { predicateType: "https://headgate.dev/act/v2" } }],
  ["without a nonce", { predicate: { nonce: "" } }],
  ["with a time that is not UTC", { predicate: { at: "2026-01-01T00:00:00.000+01:00" } }],
  ["with a time without milliseconds", { predicate: { at: "2026-01-01T00:00:00Z" } }],
  ["with a day that is none", { predicate: { at: "2026-02-30T00:00:00.000Z" } }],
  ["with a deployment of another form", { predicate: { deployment: "dep_1" } }],
  ["that saw a negative size", { predicate: { seen: { size: -1, root: digestOfLabel("root") } } }],
];

for (const [name, parts] of malformed) {
  test(`a statement ${name} does not open`, async () => {
    assert.equal(await codeOf(parts), "statement_invalid");
  });
}

test("a statement of every verb is known as one, and it is its body that has to be right", async () => {
  for (const verb of Object.keys(bodies)) {
    const bytes = await signedBytes(canonicalBytes(statementOf({ verb, body: { also: 1 } })));
    await assert.rejects(openStatement(bytes, nodePrimitives), /\(body/, verb);
  }
});

test("a statement in any spelling but the canonical one does not open", async () => {
  const text = new TextDecoder().decode(canonicalBytes(statementOf({})));
  for (const spelling of [` ${text}`, text.replace("{", "{ "), text.replace(/"seen":null/, '"seen": null')]) {
    assert.equal(await codeOfBytes(await signedBytes(toUtf8(spelling))), "statement_invalid");
  }
});

test("a statement that names a key twice does not open", async () => {
  const text = new TextDecoder().decode(canonicalBytes(statementOf({})));
  const twice = text.replace('"verb":"hold"', '"verb":"hold","verb":"hold"');
  assert.equal(await codeOfBytes(await signedBytes(toUtf8(twice))), "statement_invalid");
});

test("an envelope with a space more does not open", async () => {
  const bytes = await signedBytes(canonicalBytes(statementOf({})));
  assert.equal(await codeOfBytes(toUtf8(`${new TextDecoder().decode(bytes)} `)), "statement_invalid");
});

test("an envelope of another payload type does not open", async () => {
  const bytes = await signedBytes(canonicalBytes(statementOf({})), "application/json");
  assert.equal(await codeOfBytes(bytes), "statement_invalid");
});

test("an envelope past the size bound does not open, whatever it holds", async () => {
  assert.equal(await codeOfBytes(new Uint8Array(envelopeBytesMax + 1)), "statement_invalid");
});

test("every byte of an envelope counts: changing any one of them keeps it shut", async () => {
  const bytes = await signedBytes(canonicalBytes(statementOf({})));
  const codes = await Promise.all(Array.from(bytes, async (byte, at) => codeOfBytes(bytes.with(at, byte ^ 1))));
  assert.deepEqual(
    codes.filter((code) => code !== "statement_invalid" && code !== "signature_invalid"),
    [],
  );
});

test("a signature by another key than the one it is filed under does not open", async () => {
  const payload = canonicalBytes(statementOf({}));
  const forged = { publicKey: ada.signer.publicKey, sign: signerOf("Mallory").sign };
  const bytes = envelopeBytes(await signEnvelope(payload, payloadType, [forged]));
  assert.equal(await codeOfBytes(bytes), "signature_invalid");
});

test("one wrong signature among right ones keeps the whole envelope shut", async () => {
  const payload = canonicalBytes(statementOf({}));
  const forged = { publicKey: bo.signer.publicKey, sign: signerOf("Mallory").sign };
  const bytes = envelopeBytes(await signEnvelope(payload, payloadType, [ada.signer, forged]));
  assert.equal(await codeOfBytes(bytes), "signature_invalid");
});

test("a root without a floor for every open stage does not open", () => {
  for (const stage of OpenStage.options) {
    const floors = Object.fromEntries(Object.entries(firstRootBody.floors).filter(([name]) => name !== stage));
    assert.equal(bodies.root.safeParse({ ...firstRootBody, floors }).success, false, stage);
  }
  assert.equal(
    bodies.root.safeParse({ ...firstRootBody, floors: { ...firstRootBody.floors, withheld: [] } }).success,
    false,
  );
});

test("no body of any verb has room for free text: every string in it has a closed form", () => {
  const open = Object.entries(bodies).flatMap(([verb, body]) =>
    openStrings(z.toJSONSchema(body)).map((path) => `${verb}${path}`),
  );
  assert.deepEqual(open, []);
});

/** Paths of the strings in a JSON Schema that neither pattern, list nor format binds. */
function openStrings(schema: unknown, path = ""): readonly string[] {
  if (typeof schema !== "object" || schema === null) return [];
  const isBound = ["pattern", "enum", "const", "format", "allOf"].some((word) => word in schema);
  if ("type" in schema && schema.type === "string") return isBound ? [] : [path];
  return Object.entries(schema).flatMap(([key, value]) => openStrings(value, `${path}.${key}`));
}
