// Organisations with their grants, and the keys their callers use. A suspension stands until an organisation is written
// anew by someone who may; a key once suspended stays so.
import { type Rule, change, refuse } from "../rule.ts";

export const grantOrganisation: Rule<"organisation"> = (state, act) => {
  const { body, at } = act.predicate;
  const models = body.grants.map((grant) => grant.model);
  if (new Set(models).size !== models.length)
    return refuse("statement_invalid", "An organisation has one grant a model.");
  const known = state.organisations.get(body.organisation);
  if (known?.suspended === true && at <= known.at)
    return refuse("conflict", "This was signed before the organisation was suspended. Write it anew.");
  return change(() => {
    state.organisations.set(body.organisation, {
      organisation: body.organisation,
      type: body.type,
      document: body.document,
      grants: body.grants,
      at,
      suspended: false,
    });
  });
};

export const createKey: Rule<"key"> = (state, act) => {
  const { body } = act.predicate;
  if (!state.organisations.has(body.organisation)) {
    return refuse("not_found", `There is no organisation "${body.organisation}". Apply its document first.`);
  }
  const isKnown = state.keys.has(body.hash) || [...state.keys.values()].some((held) => held.key === body.key);
  if (isKnown || state.permitByHash.has(body.hash))
    return refuse("conflict", "This key exists already; make another one.");
  return change(() => {
    state.keys.set(body.hash, {
      key: body.key,
      organisation: body.organisation,
      notAfter: body.notAfter,
      suspended: false,
    });
  });
};
