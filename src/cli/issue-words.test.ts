import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { Digest, Name, ProposalId, RunId } from "../terms/ids.ts";
import { Role } from "../terms/role.ts";
import { issueInWords } from "./issue-words.ts";

function said(type: z.ZodType, given: unknown): string {
  const result = type.safeParse(given);
  assert.equal(result.success, false);
  return issueInWords(result.error?.issues[0], given);
}

test("a mistyped word is answered with the nearest one and all that there are", () => {
  assert.match(said(Role, "saftey"), /^there is no "saftey"; did you mean "safety"\? One of: owner, safety, /);
  assert.match(said(Role, "king"), /^there is no "king"\. One of: /);
});

test("numbers, lengths and ids are said without the parser's words", () => {
  const count = z.coerce.number().int().min(1).max(30);
  const all = [
    said(count, "many"),
    said(count, "99"),
    said(count, "0"),
    said(count, "1.5"),
    said(z.string().min(1), ""),
    said(z.string().max(2), "abc"),
    said(RunId, "run_1"),
    said(ProposalId, "x"),
    said(z.url({ protocol: /^https?$/ }), "foo"),
    said(Name, "A B"),
    said(Digest, "abc"),
    said(z.string(), undefined),
  ];
  for (const words of all) assert.doesNotMatch(words, /Invalid|expected|received|pattern|NaN|[<>]=/, words);
  assert.equal(said(count, "99"), 'is at most 30, not "99"');
  const share = z.coerce.number().gt(0).lt(1);
  assert.deepEqual([said(share, "1"), said(share, "0")], ['is less than 1, not "1"', 'is more than 0, not "0"']);
  assert.equal(said(RunId, "run_1"), 'is run_ and 16 hex digits, not "run_1"');
});
