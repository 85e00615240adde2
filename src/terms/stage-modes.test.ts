// What people are told of modes at a stage: nothing is said to be stopped that is not, and nothing that is said to be left.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Name } from "./ids.ts";
import { type ModedChain, modesAtStage, stageModesInWords } from "./stage-modes.ts";

const [staff, press] = ["staff", "press"].map((type) => Name.parse(type));
assert.ok(staff !== undefined && press !== undefined);
const both = ["input", "output"] as const;

test("safeguards that block everybody's are not named, others with whom their modes are for", () => {
  const chain: ModedChain = [
    { safeguard: "misuse@4", on: both, mode: "block" },
    {
      safeguard: "patterns@1",
      on: ["output"],
      mode: "block",
      except: [
        { stages: ["internal"], types: [staff], mode: "flag" },
        { types: [press], mode: "review" },
      ],
    },
    { safeguard: "service@1", name: "own", on: ["input"], ask: "always", mode: "shadow" },
  ];
  const own =
    "service@1 own (request): shadow; own (service@1): asked over HTTP about every request, declared: what answers there is not measured";
  assert.equal(
    stageModesInWords(modesAtStage(chain, "internal")),
    `patterns@1 (answer): flag for staff; review for press; block for all others; ${own}`,
  );
  assert.equal(
    stageModesInWords(modesAtStage(chain, "general")),
    `patterns@1 (answer): review for press; block for all others; ${own}`,
  );
  assert.equal(stageModesInWords(modesAtStage(chain.slice(0, 1), "general")), "");
});

function unstopped(...chain: ModedChain): readonly string[] {
  return modesAtStage(chain, "trusted").unstopped;
}

test("a side is said to be stopped by nothing where that is so for somebody, and for no other reason", () => {
  const flags = { safeguard: "one@1", on: both, mode: "flag" } as const;
  const blocks = { safeguard: "two@1", on: ["input"], mode: "block" } as const;
  assert.deepEqual(unstopped(flags), ["input", "output"]);
  assert.deepEqual(unstopped(flags, blocks), ["output"]);
  assert.deepEqual(unstopped(blocks), [], "answers are not let through, but refused: nothing judges them");
  const forStaff = { ...blocks, except: [{ types: [staff], mode: "flag" }] } as const;
  assert.deepEqual(unstopped(forStaff), ["input"]);
  const forPress = { ...blocks, safeguard: "three@1", except: [{ types: [press], mode: "flag" }] } as const;
  assert.deepEqual(unstopped(forStaff, forPress), [], "nobody is of both types");
  const doubts = { safeguard: "judge@1", name: "a", on: ["input"], ask: "in-doubt", mode: "block" } as const;
  assert.deepEqual(unstopped(forStaff, doubts), ["input"], "who is asked about doubts stops nothing by itself");
});

function narrow(...chain: ModedChain): readonly string[] | undefined {
  return modesAtStage(chain, "trusted").narrow;
}

test("a side where nothing that may stop something looks for misuse is said to have nothing that does", () => {
  const misuse = { safeguard: "misuse@4", on: both, mode: "block" } as const;
  const orders = { safeguard: "injection@2", on: ["input"], mode: "block" } as const;
  const patterns = { safeguard: "patterns@1", on: both, mode: "review" } as const;
  assert.deepEqual(narrow(misuse, orders, patterns), undefined);
  assert.deepEqual(narrow(orders), ["input"]);
  assert.deepEqual(narrow({ ...misuse, except: [{ types: [staff], mode: "shadow" }] }, patterns), ["input", "output"]);
  assert.deepEqual(narrow({ ...misuse, mode: "flag" }, patterns), ["input", "output"]);
  assert.deepEqual(narrow({ ...misuse, mode: "flag" }), undefined, "that it stops nothing is said elsewhere");
  assert.match(stageModesInWords(modesAtStage([orders], "trusted")), /NOTHING LOOKS FOR MISUSE in the request/);
});
