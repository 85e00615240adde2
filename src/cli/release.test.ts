// What `release status` says, from the server's view of a model.
import assert from "node:assert/strict";
import { test } from "node:test";
import { StatusView } from "../control/contract.ts";
import { afterStatus, statusInWords } from "./release.ts";

const open = {
  model: "small",
  stage: "internal",
  certified: {
    certificate: "cert_0123456789abcdef",
    stage: "internal",
    since: "2027-01-01T00:00:00.000Z",
    validUntil: "2027-01-31T00:00:00.000Z",
    oneSigner: true,
    identityBasis: "declared",
  },
  closed: null,
  holds: [],
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

test("a missing sign-off is said once, and what else is still to show beside its reason", () => {
  const words = statusInWords(StatusView.parse(open));
  assert.equal(words.split("safety sign-off").length, 2);
  assert.match(words, /Too few\.; still to show: 9 more/);
});

test("a held model is shown with its hold, and the next step is to resume it as the same person", () => {
  const view = StatusView.parse(held);
  assert.match(statusInWords(view), /hold_0123456789abcdef holds it since 2027-01-02T/);
  assert.equal(afterStatus(view, " --profile ada.json"), "headgate release resume small --profile ada.json");
});

test("a held model that was never released is reopened by its first release", () => {
  const view = StatusView.parse({ ...held, certified: null, next: "internal" });
  assert.match(afterStatus(view, "") ?? "", /^headgate release propose small --stage internal /);
});

test("nothing is proposed as next while the gate does not pass", () => {
  assert.equal(afterStatus(StatusView.parse(open), ""), undefined);
  assert.match(afterStatus(StatusView.parse({ ...open, verdict: "pass" }), "") ?? "", /^headgate release propose /);
});
