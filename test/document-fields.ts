// Every field that a document of a kind may have, with its range and default, read off the JSON Schema and said in the words
// of docs/documents.md, so that the page and the program can be compared.
import { z } from "zod";
import { type AnyKind, documentTypes } from "../src/documents/kinds.ts";

export interface Field {
  readonly range: string;
  readonly usual: string;
}

interface Collected {
  readonly ranges: Set<string>;
  readonly defaults: Set<string>;
}

/** Every path of a kind with what it may be, over all variants; `[]` stands for the members of a list. */
export function fieldsOf(kind: AnyKind): ReadonlyMap<string, Field> {
  const fields = new Map<string, Collected>();
  const type = documentTypes[kind];
  // What people may leave out stands in the form of the input, what a variant holds in that of the output.
  for (const io of ["output", "input"] as const) {
    collect(Node.parse(z.toJSONSchema(type, { io, unrepresentable: "any" })), { path: "", fields, io });
  }
  return new Map(
    [...fields].map(([path, { ranges, defaults }]) => [
      path,
      {
        range: [...ranges].join([...ranges].every((word) => word.startsWith("`")) ? " " : " or "),
        usual: [...defaults].join(" or "),
      },
    ]),
  );
}

const Node = z.looseObject({
  type: z.string().default(""),
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).default([]),
  items: z.unknown().optional(),
  prefixItems: z.array(z.unknown()).optional(),
  oneOf: z.array(z.unknown()).optional(),
  anyOf: z.array(z.unknown()).optional(),
  enum: z.array(z.string()).optional(),
  const: z.union([z.string(), z.boolean()]).optional(),
  default: z.unknown().optional(),
  pattern: z.string().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  exclusiveMinimum: z.number().optional(),
  exclusiveMaximum: z.number().optional(),
  minLength: z.number().optional(),
  maxLength: z.number().optional(),
  minItems: z.number().optional(),
  maxItems: z.number().optional(),
});
type Node = z.infer<typeof Node>;

interface Walk {
  readonly path: string;
  readonly fields: Map<string, Collected>;
  readonly io: "input" | "output";
}

function collect(node: Node, walk: Walk): void {
  for (const inner of [...(node.oneOf ?? []), ...(node.anyOf ?? [])]) collect(Node.parse(inner), walk);
  for (const [name, property] of Object.entries(node.properties ?? {})) {
    if (walk.path === "" && name === "kind") continue;
    const path = walk.path === "" ? name : `${walk.path}.${name}`;
    const inner = Node.parse(property);
    note(path, inner, { ...walk, isRequired: node.required.includes(name) });
    collect(inner, { ...walk, path });
  }
  const items = Node.safeParse(node.items).data;
  if (items !== undefined) collect(items, { ...walk, path: `${walk.path}[]` });
}

function note(path: string, node: Node, { fields, io, isRequired }: Walk & { readonly isRequired: boolean }): void {
  const known = fields.get(path) ?? { ranges: new Set(), defaults: new Set() };
  fields.set(path, known);
  for (const range of rangesOf(node)) known.ranges.add(range);
  const usual = node.default === undefined ? (isRequired ? "required" : "–") : `\`${JSON.stringify(node.default)}\``;
  // An object that may be left out because all its parts may: the input says so, the output does not.
  if (io === "input" && known.defaults.has("required") && usual.startsWith("`")) known.defaults.delete("required");
  if (io === "output" || known.defaults.size === 0 || usual.startsWith("`")) known.defaults.add(usual);
}

const named: Readonly<Record<string, string>> = {
  "^[a-z0-9][a-z0-9._-]{0,62}$": "name",
  "^sha256:[0-9a-f]{64}$": "digest",
};

/** One entry, or one a word where only certain words are admitted. */
function rangesOf(node: Node): readonly string[] {
  if (node.anyOf !== undefined) return [...new Set(node.anyOf.flatMap((inner) => rangesOf(Node.parse(inner))))];
  const words = node.const === undefined ? node.enum : [node.const];
  return words === undefined ? [rangeOf(node)] : words.map((word) => `\`${word}\``);
}

function rangeOf(node: Node): string {
  switch (node.type) {
    case "string":
      return named[node.pattern ?? ""] ?? `text${between(node.minLength, node.maxLength)}`;
    case "integer":
      return `whole number${between(node.minimum, node.maximum)}`;
    case "number":
      return `number${between(node.minimum ?? above(node.exclusiveMinimum), node.maximum ?? below(node.exclusiveMaximum))}`;
    case "boolean":
      return "`true` `false`";
    case "array":
      return node.prefixItems === undefined ? `list${between(node.minItems, node.maxItems)}` : pairOf(node.prefixItems);
    default:
      return "fields";
  }
}

function pairOf(items: readonly unknown[]): string {
  const { minimum, maximum } = Node.parse(items[0]);
  return `\`[least, most]\`${between(minimum, maximum)}`;
}

type Bound = number | string | undefined;

function between(least: Bound, most: Bound): string {
  if (most === undefined) return "";
  return least === undefined ? `, at most ${most}` : `, ${least} to ${most}`;
}

function above(bound: number | undefined): Bound {
  return bound === undefined ? undefined : `above ${bound}`;
}

function below(bound: number | undefined): Bound {
  return bound === undefined ? undefined : `below ${bound}`;
}
