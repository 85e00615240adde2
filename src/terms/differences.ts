// Where two JSON values differ, path by path, for people who read a diff of documents.

export interface Difference {
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** Values that differ, in the order of their paths. Lists are compared by position. */
export function differences(before: unknown, after: unknown, path = ""): readonly Difference[] {
  const [old, fresh] = [membersOf(before), membersOf(after)];
  if (old === undefined || fresh === undefined) {
    return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ path: path === "" ? "." : path, before, after }];
  }
  const names = [...new Set([...old.keys(), ...fresh.keys()])].toSorted();
  return names.flatMap((name) => differences(old.get(name), fresh.get(name), path === "" ? name : `${path}.${name}`));
}

function membersOf(value: unknown): ReadonlyMap<string, unknown> | undefined {
  return typeof value === "object" && value !== null ? new Map(Object.entries(value)) : undefined;
}
