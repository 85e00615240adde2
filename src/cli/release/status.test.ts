// What `release status` says, from the server's view of a model.
import assert from "node:assert/strict";
import { test } from "node:test";
import { StatusView } from "../../control/contract.ts";
import { Failure } from "../../terms/failure.ts";
import { Instant } from "../../terms/ids.ts";
import type { Context } from "../context.ts";
import { afterStatus } from "./after-status.ts";
import { changes, statusInWords } from "./status.ts";

const quiet: Context = {
  server: "",
  dataPlane: "",
  codeFile: "",
  stateFolder: "",
  profile: undefined,
  isWatched: false,
  now: () => Instant.parse(0),
  wait: async () => undefined,
  write: () => undefined,
  tell: () => undefined,
  leave: () => undefined,
};

const open = {
  model: "small",
  stage: "internal",
  certified: {
    certificate: "cert_0123456789abcdef",
    stage: "internal",
    since: "2027-01-01T00:00:00.000Z",
    validUntil: "2027-01-31T00:00:00.000Z",
    endsInDays: 29,
    renewalDue: null,
    oneSigner: true,
    mode: "enforce",
    identityBasis: "declared",
    share: null,
  },
  observed: null,
  unstopped: [],
  safeguards: null,
  shadow: null,
  closed: null,
  holds: [],
  incidents: [],
  restrictions: [],
  next: "trusted",
  verdict: "fail",
  requirements: [
    {
      id: "board",
      kind: "sign-offs",
      verdict: "fail",
      have: {},
      need: {},
      why: "Still unsigned: safety sign-off.",
      stillToShow: "safety sign-off",
    },
    {
      id: "misuse",
      kind: "measure",
      verdict: "inconclusive",
      have: {},
      need: {},
      why: "Too few.",
      stillToShow: "9 more",
    },
  ],
  proposals: [],
  ledgerSize: 9,
};
const hold = { hold: "hold_0123456789abcdef", at: "2027-01-02T00:00:00.000Z" };
const held = { ...open, stage: "withheld", closed: "held", holds: [hold] };

test("what makes a model stricter is named, with what it says", () => {
  const at = "2027-01-03T00:00:00.000Z";
  const [first, second] = ["hold_00000000000000a1", "hold_00000000000000a2"];
  const restrictions = [
    { restriction: first, limit: { kind: "output-tokens", max: 64 }, at, reviewDue: true },
    { restriction: second, limit: { kind: "category-prohibited", category: "cyber" }, at, reviewDue: false },
  ];
  const words = statusInWords(StatusView.parse({ ...open, restrictions }));
  assert.match(
    words,
    new RegExp(`${first} makes it stricter since ${at}: answers have at most 64 tokens; for more than 72 hours`),
  );
  assert.match(
    words,
    new RegExp(
      `${second} makes it stricter since ${at}: category cyber is prohibited\n {2}They stand until a certificate lifts them: headgate release resume small --lift ${first} ${second} --reason`,
    ),
  );
  assert.doesNotMatch(statusInWords(StatusView.parse(open)), /stricter/);
});

test("a missing sign-off is said once, and what else is still to show beside its reason", () => {
  const words = statusInWords(StatusView.parse(open));
  assert.equal(words.split("safety sign-off").length, 2);
  assert.match(words, /Too few; still to show: 9 more/);
});

test("observe mode is said with what would have been stopped, and not where safeguards stop what they find", () => {
  const by = [
    { side: "input", verdict: "block:weapons", count: 2 },
    { side: "output", verdict: "unknown:overloaded", count: 1 },
  ];
  const observed = { hours: 24, exchanges: 41_200, stopped: 3, by };
  const certified = { ...open.certified, mode: "observe" };
  const words = statusInWords(StatusView.parse({ ...open, certified, observed }));
  assert.match(words, /^small: internal\n {2}OBSERVE mode: safeguards stop nothing\./);
  assert.match(words, /Last 24 h: 3 of 41,200 would have been stopped, by:\n {4}2: weapons in the request\n/);
  assert.match(words, /1: not judged \(overloaded\) in the answer/);
  assert.match(statusInWords(StatusView.parse({ ...open, certified })), /OBSERVE/);
  assert.doesNotMatch(statusInWords(StatusView.parse(open)), /OBSERVE/);
});

test("a held model is shown with its hold, and the next step is to resume it as the same person", () => {
  const view = StatusView.parse(held);
  assert.match(statusInWords(view), /hold_0123456789abcdef holds it since 2027-01-02T/);
  assert.equal(afterStatus(view, " --profile ada.json"), "headgate release resume small --profile ada.json");
});

test("a wider step is named unless what it would open is held: a wider stage, or some callers, are something else", () => {
  const share = { by: "organisation", steps: [0.1, 1], step: 1, open: 0.1, since: hold.at };
  const certified = { ...open.certified, stage: "trusted", share };
  const said = (more: object): string =>
    statusInWords(StatusView.parse({ ...open, stage: "trusted", certified, holds: [{ ...hold, ...more }] }));
  for (const more of [{ stage: "general" }, { callers: "every organisation of type press" }])
    assert.match(said(more), /headgate release widen small/);
  for (const more of [{}, { stage: "trusted" }, { stage: "internal" }]) assert.doesNotMatch(said(more), /widen/);
});

test("a held stage that was mended and not measured yet is measured before it is resumed", () => {
  const gate = { ...held, next: "internal", requirements: [unmeasured] };
  assert.equal(afterStatus(StatusView.parse(gate), ""), "headgate eval run misuse-core --model small");
  const wider = StatusView.parse({ ...gate, next: "trusted" });
  assert.equal(afterStatus(wider, ""), "headgate release resume small");
});

test("a held model that was never released is reopened by its first release", () => {
  const view = StatusView.parse({ ...held, certified: null, next: "internal" });
  assert.match(afterStatus(view, "") ?? "", /^headgate release propose small --stage internal /);
});

test("nothing is proposed as next while the gate does not pass", () => {
  assert.equal(afterStatus(StatusView.parse(open), ""), undefined);
  assert.match(afterStatus(StatusView.parse({ ...open, verdict: "pass" }), "") ?? "", /^headgate release propose /);
});

const unmeasured = {
  id: "misuse",
  kind: "measure-bound",
  verdict: "inconclusive",
  have: { trials: 0 },
  need: { suite: "misuse-core" },
  why: "No evidence.",
  stillToShow: "a run of misuse-core",
};

test("with a suite of which nothing counts the next step is to run it, with nothing but sign-offs missing to propose", () => {
  const [board] = open.requirements;
  const lapsed = { ...open, stage: "withheld", closed: "expired", next: "internal" };
  const before = StatusView.parse({ ...lapsed, requirements: [board, unmeasured] });
  assert.equal(afterStatus(before, ""), "headgate eval run misuse-core --model small");
  assert.match(statusInWords(before), /ended at 2027-01-31T.*takes a proposal/);
  const after = StatusView.parse({ ...lapsed, requirements: [board] });
  assert.equal(afterStatus(after, ""), 'headgate release propose small --stage internal --reason "…"');
});

const proposal = {
  proposal: "prop_0123456789abcdef",
  stage: "internal",
  mode: "enforce",
  digest: `sha256:${"0".repeat(64)}`,
  signOffs: [],
  certified: false,
  waiting: true,
  current: true,
  decideBy: "2027-01-09T00:00:00.000Z",
  answers: [hold.hold],
  lifts: [],
  needs: ["owner", "safety"],
  safeguards: null,
};

test("safeguards that do not block everybody's are named with their modes, what nothing stops, and what shadow would have", () => {
  const cases = [
    { mode: "flag", types: ["evaluator", "staff"] },
    { mode: "block", types: null },
  ];
  const modes = [
    { safeguard: "misuse@4", on: ["input", "output"], cases },
    { safeguard: "patterns@1", on: ["output"], cases: [{ mode: "shadow", types: null }] },
  ];
  const declared = [{ safeguard: "judge@1", name: "second-opinion", ask: "in-doubt" }];
  const by = [{ side: "output", verdict: "block:privacy", count: 2 }];
  const shadow = { hours: 24, exchanges: 1_200, stopped: 2, by };
  const words = statusInWords(
    StatusView.parse({ ...open, safeguards: { modes, unstopped: [], declared }, unstopped: ["output"], shadow }),
  );
  assert.match(words, /second-opinion \(judge@1\): asked over HTTP about doubts, declared/);
  assert.match(words, /misuse@4 \(request, answer\): flag for evaluator, staff; block for all others\n/);
  assert.match(words, /patterns@1 \(answer\): shadow\n/);
  assert.match(words, /NOTHING IS STOPPED in the answer, for some callers at least/);
  assert.match(
    words,
    /Last 24 h: 2 of 1,200 would have been stopped, by safeguards in shadow:\n {4}2: privacy in the answer\n/,
  );
  assert.doesNotMatch(statusInWords(StatusView.parse(open)), /shadow|NOTHING/);
});

test("the proposal that would reopen a held model is named with who still has to sign it", () => {
  const view = StatusView.parse({ ...held, proposals: [proposal] });
  assert.match(statusInWords(view), /prop_\w+ waits .*answering hold_\w+; it lacks the sign-off of: owner; safety/);
  assert.match(statusInWords(view), /proposal by an owner or somebody from safety/);
  assert.equal(afterStatus(view, ""), 'headgate release sign prop_0123456789abcdef --reason "…"');
  const signed = StatusView.parse({ ...held, proposals: [{ ...proposal, needs: [] }] });
  assert.equal(afterStatus(signed, ""), "headgate release advance prop_0123456789abcdef");
});

test("a proposal about documents that were changed since is said to be, and is not the next step", () => {
  const old = { ...proposal, current: false, needs: [], answers: [] };
  const view = StatusView.parse({ ...open, proposals: [old] });
  assert.match(statusInWords(view), /documents that were changed since/);
  assert.equal(afterStatus(view, ""), undefined);
});

test("what everybody signed is not the next step while its gate lacks evidence", () => {
  const signed = { ...proposal, needs: [], answers: [], stage: "trusted" };
  const [board] = open.requirements;
  const lacking = { ...open, verdict: "inconclusive", proposals: [signed] };
  assert.equal(afterStatus(StatusView.parse(lacking), ""), undefined);
  const requirements = [board, unmeasured];
  assert.equal(
    afterStatus(StatusView.parse({ ...lacking, requirements }), ""),
    "headgate eval run misuse-core --model small",
  );
  const passed = { ...lacking, verdict: "pass" };
  assert.equal(afterStatus(StatusView.parse(passed), ""), "headgate release advance prop_0123456789abcdef");
});

test("a proposal that leaves a hold unanswered is not the next step", () => {
  const view = StatusView.parse({ ...held, proposals: [{ ...proposal, answers: [] }] });
  assert.equal(afterStatus(view, ""), "headgate release resume small");
});

test("an open model shows its end, and a warning with the renewal once one is due", () => {
  assert.match(statusInWords(StatusView.parse(open)), /valid until 2027-01-31T.*29 day\(s\) are left/);
  assert.doesNotMatch(statusInWords(StatusView.parse(open)), /WARNING/);
  const due = StatusView.parse({ ...open, certified: { ...open.certified, endsInDays: 6, renewalDue: 7 } });
  assert.match(
    statusInWords(due, " --profile ada.json"),
    /WARNING: it ends within 7 day\(s\).*release propose small --stage internal --reason "…" --profile ada\.json/,
  );
  assert.equal(afterStatus(due, ""), 'headgate release propose small --stage internal --reason "…"');
});

test("watching gives a view a change: a ledger that only grew is none, and a server that was away is none", async () => {
  const grown = { ...open, ledgerSize: 10 };
  const away = new Failure("server_unreachable", "It does not answer.");
  const answers = [grown, away, away, held, held, open];
  const told: string[] = [];
  const read = async (): Promise<StatusView> => {
    const next = answers.shift();
    if (next === undefined) throw new Failure("fork_detected", "The end of this test.");
    if (next instanceof Failure) throw next;
    return StatusView.parse(next);
  };
  const context = { ...quiet, tell: (text: string) => void told.push(text) };
  const stages: string[] = [];
  await assert.rejects(async () => {
    for await (const view of changes(StatusView.parse(open), read, { context })) stages.push(view.stage);
  }, /end of this test/);
  assert.deepEqual(stages, ["internal", "withheld", "internal"]);
  assert.equal(told.length, 1);
});

test("whom, over what and when a stage serves is named, and at which time it opens again", () => {
  const windows = [{ days: ["mon", "fri"], from: "22:00", to: "02:00" }];
  const words = (hours: object): string => {
    const certified = { ...open.certified, countries: ["DE", "FR"], surfaces: ["chat"], hours: { windows, ...hours } };
    return statusInWords(StatusView.parse({ ...open, certified }));
  };
  const opensAt = "2027-01-04T22:00:00.000Z";
  assert.match(
    words({ open: false, opensAt }),
    /served only where their organisation is registered in DE, FR\n.* only over chat\n/,
  );
  assert.match(
    words({ open: false, opensAt }),
    /only on mon fri 22:00 to 02:00 of the next day \(UTC\)\n {2}CLOSED at this hour .*: open again at 2027-01-04T22/,
  );
  assert.match(words({ open: false, opensAt: null }), /CLOSED at this hour .* not again before its certificate ends/);
  assert.doesNotMatch(words({ open: true, opensAt: null }), /CLOSED/);
  assert.doesNotMatch(statusInWords(StatusView.parse(open)), /served only/);
});
