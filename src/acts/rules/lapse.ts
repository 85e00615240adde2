// A certificate lapses because its own gate passes no more, where it was signed so (`conditions.endsOnFailedGate`). The control plane
// says it, alone: it can end only what was signed to end so, for good, and opens nothing. Whether the gate really fails nobody needs to
// believe: the judgement follows from the record, and a control plane that lapsed wrongly could as well have held.
import { type Rule, change, refuse } from "../rule.ts";
import { latestCertificate } from "../state.ts";

export const lapse: Rule<"lapse"> = (state, act, context) => {
  const { body, at } = act.predicate;
  const { certificate, verdict, requirements } = body;
  const isByControl = act.signers.length === 1 && act.signers[0] === state.root?.body.control;
  if (!isByControl || context.persons.length > 0)
    return refuse(
      "authority_missing",
      "That a certificate lapses is signed by the control plane. To stop it: hold it.",
    );
  const release = [...state.certificates.keys()]
    .map((model) => latestCertificate(state, model)?.release)
    .find((known) => known?.certificate === certificate);
  if (release === undefined) return refuse("not_found", "This is not the certificate of a model that counts.");
  const { endsOnFailedGate } = release.conditions;
  if (endsOnFailedGate === undefined || (endsOnFailedGate === "fail" && verdict !== "fail"))
    return refuse("statement_invalid", "This certificate was not signed to lapse so.");
  if (state.lapsed.has(certificate)) return refuse("conflict", "This certificate has lapsed already.");
  return change(() => {
    state.lapsed.set(certificate, { verdict, requirements, at, index: context.index });
  });
};
