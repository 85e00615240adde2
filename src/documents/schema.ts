// JSON Schema of each kind, for editors and for `headgate schema KIND`; and the names a place in a document knows, read
// from the same schema, so that error messages and editors never differ.
import { z } from "zod";
import { type AnyKind, documentTypes } from "./kinds.ts";

const Node = z.looseObject({
  properties: z.record(z.string(), z.unknown()).optional(),
  items: z.unknown().optional(),
  prefixItems: z.array(z.unknown()).optional(),
  oneOf: z.array(z.unknown()).optional(),
  anyOf: z.array(z.unknown()).optional(),
  allOf: z.array(z.unknown()).optional(),
});
type Node = z.infer<typeof Node>;

/** JSON Schema 2020-12 of what people write; defaults are stated. */
export function schemaOf(kind: AnyKind): z.core.JSONSchema.BaseSchema {
  return z.toJSONSchema(documentTypes[kind], { io: "input", unrepresentable: "any" });
}

/** Field names that the object at `path` of a document of this kind may have, over all its variants. */
export function fieldsAt(kind: AnyKind, path: readonly PropertyKey[]): readonly string[] {
  let nodes = variants(schemaOf(kind));
  for (const step of path) nodes = nodes.flatMap((node) => below(node, step));
  return [...new Set(nodes.flatMap((node) => Object.keys(node.properties ?? {})))];
}

function below(node: Node, step: PropertyKey): readonly Node[] {
  if (typeof step === "string") return variants(node.properties?.[step]);
  return [...variants(node.items), ...(node.prefixItems ?? []).flatMap((item) => variants(item))];
}

/** A schema and everything it is a choice or a sum of. */
function variants(schema: unknown): readonly Node[] {
  const node = Node.safeParse(schema).data;
  if (node === undefined) return [];
  const inner = [...(node.oneOf ?? []), ...(node.anyOf ?? []), ...(node.allOf ?? [])];
  return [node, ...inner.flatMap((part) => variants(part))];
}
