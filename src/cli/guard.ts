// `headgate guard scan`: the safeguards over a file, without a server: what they would find, and what policy makes of it.
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { z } from "zod";
import { parseDocuments } from "../documents/parse.ts";
import { decide } from "../policy/decide.ts";
import { UsagePolicy } from "../policy/policy-document.ts";
import { compileChain } from "../safeguards/chain.ts";
import { shippedSafeguards } from "../safeguards/registry.ts";
import { Safeguards } from "../safeguards/safeguards-document.ts";
import { ScanRow, type Scanner, scan } from "../safeguards/scan.ts";
import { Failure } from "../terms/failure.ts";
import { Surface } from "../terms/finding.ts";
import type { Answer } from "./answer.ts";
import type { Context } from "./context.ts";
import { sourceFiles } from "./documents.ts";
import { readNeeded } from "./files.ts";
import { type Call, addVerb, argument } from "./verb.ts";

const Options = z.object({
  safeguards: z.string().optional(),
  policy: z.string().optional(),
  surface: Surface.default("input"),
});

const fileBytesMax = 256 * 1024 * 1024;

/** The documents of the first example, shipped with the program. */
const shippedFolder = new URL("../../examples/first-release/", import.meta.url);

export function addGuardVerbs(program: Command, context: Context): void {
  const guard = program.command("guard").description("safeguards by themselves");
  addVerb(guard, context, {
    usage: "scan <file>",
    summary: "scan rows {id, text} of a JSONL file; one line of JSON a row, no server",
    flags: [
      ["--safeguards <file>", "a Safeguards document (default: the shipped example)"],
      ["--policy <file>", "a UsagePolicy document (default: the shipped example)"],
      ["--surface <surface>", "input (default) or output"],
    ],
    options: Options,
    run: scanFile,
  });
}

async function scanFile(call: Call<z.infer<typeof Options>>): Promise<Answer> {
  const { options, context } = call;
  const scanner = scannerFor(options);
  const text = Buffer.from(readNeeded(argument(call, 0), fileBytesMax)).toString("utf8");
  const counts = new Map<string, number>();
  for (const [at, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const result = scan(rowOf(line, at + 1), scanner);
    counts.set(result.verdict, (counts.get(result.verdict) ?? 0) + 1);
    context.write(`${JSON.stringify(result)}\n`);
  }
  if (!call.base.json) context.tell(`${[...counts].map(([verdict, count]) => `${verdict} ${count}`).join(", ")}\n`);
  return { json: null, text: "", exit: 0, next: undefined, isPrinted: true };
}

function rowOf(line: string, number: number): ScanRow {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new Failure("request_invalid", `Line ${number} is not JSON. A row is {"id": …, "text": …}.`);
  }
  const row = ScanRow.safeParse(value);
  if (row.success) return row.data;
  throw new Failure("request_invalid", `Line ${number} is not a row: {"id": …, "text": …}.`);
}

function scannerFor(options: z.infer<typeof Options>): Scanner {
  const registry = shippedSafeguards();
  const document = Safeguards.parse(documentIn("Safeguards", options.safeguards));
  const policy = UsagePolicy.parse(documentIn("UsagePolicy", options.policy));
  const { surface } = options;
  return {
    chain: compileChain(document, registry),
    safeguards: document.chain.map(({ safeguard }) => registry.get(safeguard)),
    decide: (inspection) => decide(inspection, policy, { scopes: [], surface }),
    surface,
  };
}

/** The one document of a kind in a file, or in the shipped folder. */
function documentIn(kind: "Safeguards" | "UsagePolicy", file: string | undefined): unknown {
  const path = file ?? fileURLToPath(shippedFolder);
  const found = parseDocuments(sourceFiles(path)).filter(({ document }) => document.kind === kind);
  const [only] = found;
  if (only !== undefined && found.length === 1) return only.document;
  throw new Failure("document_invalid", `${path} must hold exactly one ${kind}; it holds ${found.length}.`);
}
