// How two documents differ, field by field, what stands in a list told apart by its name and not by its place.

export interface Difference {
  /** The way to it, as names. */
  readonly field: string;
  /** Undefined where it is not there. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** Fields that are looked at in one document. */
const fieldsMax = 5_000;

/** Only what differs, in the order of the fields. */
export function differencesOf(before: unknown, after: unknown): readonly Difference[] {
  const [one, other] = [fieldsIn(before), fieldsIn(after)];
  const fields = [...new Set([...one.keys(), ...other.keys()])];
  return fields
    .map((field) => ({ field, before: one.get(field), after: other.get(field) }))
    .filter((found) => found.before !== found.after);
}

function fieldsIn(document: unknown): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  collect(document, "", fields);
  return fields;
}

function collect(value: unknown, path: string, fields: Map<string, string>): void {
  if (fields.size >= fieldsMax) return;
  if (Array.isArray(value)) {
    if (value.every((one) => typeof one !== "object" || one === null)) {
      fields.set(path, value.join(", "));
      return;
    }
    for (const [index, one] of value.entries()) collect(one, `${path} › ${nameIn(one) ?? index + 1}`, fields);
    return;
  }
  if (typeof value === "object" && value !== null) {
    for (const [name, one] of Object.entries(value)) collect(one, path === "" ? name : `${path} › ${name}`, fields);
    return;
  }
  fields.set(path, String(value));
}

const naming = ["id", "name", "stage", "category", "safeguard", "suite", "grantee", "tier"] as const;

/** What a thing in a list is called, so that a row more before it changes nothing of the others. */
function nameIn(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const known = new Map<string, unknown>(Object.entries(value));
  for (const name of naming) {
    const found = known.get(name);
    if (typeof found === "string" || typeof found === "number") return String(found);
  }
  return undefined;
}
