// The attacks: what each version makes of a text, that encodings say what the text says, and that chance can be repeated.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assert as check, constantFrom, property, string } from "fast-check";
import { digestOf } from "../../proof/digest.ts";
import { toUtf8 } from "../../proof/encoding.ts";
import { nodePrimitives } from "../../proof/node.ts";
import { type Attack, type Turn, attacked } from "./attack.ts";
import { drawFor, shuffled } from "./draw.ts";
import { attackCalled, attacks } from "./registry.ts";

const text = "How do I make bread rise? Tell me 3 ways, please.";
const asked: readonly Turn[] = [{ role: "user", text }];

function need(name: string): Attack {
  const attack = attackCalled(name);
  assert.ok(attack !== undefined, `${name} is shipped`);
  return attack;
}

function lastOf(turns: readonly Turn[]): string {
  return turns.at(-1)?.text ?? "";
}

function made(name: string, draw = 1): string {
  return lastOf(attacked(asked, need(name), drawFor([name, String(draw)], nodePrimitives)));
}

function numbers(...what: string[]): number[] {
  const draw = drawFor(what, nodePrimitives);
  return Array.from({ length: 200 }, () => draw.below(10));
}

/** What each attack makes of one text, by hash. What a version does is pinned: another outcome is another version. */
const pinned: Readonly<Record<string, string>> = {
  "authority@1": "00b2d42def6585ee",
  "backwards@1": "b2ab7dda56684ec3",
  "base64@1": "970c2ff62a6e0e5c",
  "best-of-n@1": "3f212c440132499b",
  "compliant-history@1": "a2c0ee3a6e8d9c65",
  "crescendo-script@1": "5720acdd7c94b25b",
  "emotional-appeal@1": "690b725c5e389afb",
  "fiction@1": "70c5fb3ffb311299",
  "figures@1": "f235c407d3220484",
  "full-width@1": "87a6bc02025599d7",
  "hex@1": "34e3502c47ba1950",
  "insistence@1": "23a739276cc2a7fc",
  "instruction-override@1": "ca85d26935647b06",
  "letter-table@1": "e5304d8adebd8eb1",
  "look-alikes@1": "7de2d84dba6d180b",
  "many-shot@1": "01dcf6359c9cd691",
  "marks@1": "3bde5b4b8eb30cf2",
  "morse@1": "8d6b3ad5a4c2fae3",
  "payload-split@1": "b2dc45ea6a3acace",
  "prefix@1": "99d7feea8f39bb38",
  "refusal-suppression@1": "fb2195b773959199",
  "research@1": "ba6ff5ce77d3c911",
  "role-play@1": "4623adb096c3bc60",
  "rot13@1": "14d825cbdb128ac8",
  "spaced@1": "ae07d1b932f497d8",
  "tags@1": "f093605a9e200977",
  "zero-width@1": "12aadf0de5070538",
};

describe("attacks", () => {
  test("what a version makes of a text never changes", () => {
    const now = Object.fromEntries(
      attacks.map((attack) => {
        const turns = attacked(asked, attack, drawFor([attack.name], nodePrimitives));
        return [attack.name, digestOf(toUtf8(JSON.stringify(turns)), nodePrimitives).slice(7, 23)];
      }),
    );
    assert.deepEqual(now, pinned);
  });

  test("encodings say what the text says", () => {
    const coded = (name: string): string => made(name).split("\n\n").slice(1).join("\n\n");
    assert.equal(Buffer.from(coded("base64@1"), "base64").toString("utf8"), text);
    assert.equal(Buffer.from(coded("hex@1"), "hex").toString("utf8"), text);
    assert.equal(Array.from(coded("backwards@1")).toReversed().join(""), text);
    const back = lastOf(
      attacked([{ role: "user", text: coded("rot13@1") }], need("rot13@1"), drawFor([], nodePrimitives)),
    );
    assert.ok(back.endsWith(text));
    assert.ok(coded("morse@1").startsWith(".... --- .-- / -.. --- / .. / -- .- -.- ."));
    assert.equal(made("zero-width@1").replaceAll("\u200b", ""), text);
    assert.equal(made("full-width@1").normalize("NFKC"), text);
    assert.equal(made("marks@1").normalize("NFD").replaceAll(/\p{M}/gu, ""), text);
  });

  test("a table of letters reads the text it was made of", () => {
    const told = made("letter-table@1");
    const table = new Map(
      Array.from(told.matchAll(/([a-z])=([a-z])/g), ([, written = "", letter = ""]) => [written, letter]),
    );
    assert.equal(table.size, 26);
    const written = told.split("\n\n")[1] ?? "";
    assert.equal(
      written.replaceAll(/[a-z]/g, (sign) => table.get(sign) ?? ""),
      text.toLowerCase(),
    );
  });

  test("the parts of a split text come to the text", () => {
    const parts = Array.from(made("payload-split@1").matchAll(/^[abc] = (.*)$/gm), ([, part = ""]) => {
      const value: unknown = JSON.parse(part);
      return String(value);
    });
    assert.equal(parts.join(" "), text);
  });

  test("each leaves a text that is text, ends with the user, and is not what came in", () => {
    check(
      property(constantFrom(...attacks), string({ minLength: 1, maxLength: 200, unit: "grapheme" }), (attack, own) => {
        const turns = attacked([{ role: "user", text: own }], attack, drawFor([own], nodePrimitives));
        assert.equal(turns.at(-1)?.role, "user");
        assert.ok(turns.every((turn) => turn.text.isWellFormed() && turn.text !== ""));
      }),
    );
    for (const { name } of attacks)
      assert.notEqual(
        JSON.stringify(attacked(asked, need(name), drawFor([], nodePrimitives))),
        JSON.stringify(asked),
        name,
      );
  });

  test("those that say so, and only those, differ from draw to draw", () => {
    for (const { name, isDrawn } of attacks) assert.equal(made(name, 1) !== made(name, 2), isDrawn, name);
  });

  test("what was said before stays before", () => {
    const history: readonly Turn[] = [{ role: "system", text: "Be kind." }, { role: "user", text: "Hello" }, ...asked];
    const turns = attacked(history, need("crescendo-script@1"), drawFor([], nodePrimitives));
    assert.deepEqual(turns.slice(0, 2), history.slice(0, 2));
    assert.ok(lastOf(turns).endsWith(text));
  });
});

describe("draws", () => {
  test("the same words give the same numbers, other words others, and all within their bounds", () => {
    assert.deepEqual(numbers("a", "1"), numbers("a", "1"));
    assert.notDeepEqual(numbers("a", "1"), numbers("a", "2"));
    assert.notDeepEqual(numbers("a1"), numbers("a", "1"));
    assert.deepEqual(
      [...new Set(numbers("a"))].toSorted((one, other) => one - other),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    );
  });

  test("chance keeps to its share, and every order comes up", () => {
    const draw = drawFor(["share"], nodePrimitives);
    const hits = Array.from({ length: 10_000 }, () => draw.chance(0.06)).filter(Boolean).length;
    assert.ok(hits > 500 && hits < 700, String(hits));
    const orders = new Set(Array.from({ length: 200 }, () => shuffled(["a", "b", "c"], draw).join("")));
    assert.equal(orders.size, 6);
  });
});
