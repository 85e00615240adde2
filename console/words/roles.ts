// Roles as people say them.
const names: Readonly<Record<string, string>> = {
  owner: "an owner",
  safety: "somebody from safety",
  assurance: "somebody from assurance",
  policy: "somebody from policy",
  access: "somebody from access",
  evaluator: "an evaluator",
  reviewer: "a reviewer",
  auditor: "an auditor",
};

/** Everybody who may sign but an auditor. */
const anybodyCount = 7;

/** "an owner or somebody from safety". */
export function rolesInWords(roles: readonly string[]): string {
  if (roles.length >= anybodyCount) return "anybody but an auditor";
  return roles.map((role) => names[role] ?? role).join(" or ");
}
