// `headgate guard label`: a confirmed escape or false block becomes a labelled item: judged once more as it would be now, and kept
// in a file that `guard tune` weighs and the next training takes up. No server.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { z } from "zod";
import { decide } from "../../policy/decide.ts";
import { Failure } from "../../terms/failure.ts";
import { Category, Surface, type Verdict, lets } from "../../terms/finding.ts";
import { ReceiptId, ReviewId, timestampOf } from "../../terms/ids.ts";
import { Provenance } from "../../terms/provenance.ts";
import { type Answer, done } from "../answer.ts";
import { readNeeded, replaceFile } from "../files.ts";
import { legible } from "../legible.ts";
import { callerOptions, inspectText, jsonLines, withOfflineChain } from "./offline-chain.ts";
import { type Call, argument, quoted } from "../verb.ts";

export const LabelOptions = z.object({
  text: z.string().min(1),
  label: z.enum(["harmful", "benign"]),
  category: Category.optional(),
  about: z.union([ReceiptId, ReviewId], "the id of a receipt (rcpt_…) or a review (review_…)").optional(),
  safeguards: z.string().optional(),
  policy: z.string().optional(),
  surface: Surface.default("input"),
  provenance: Provenance.default("user"),
  ...callerOptions,
});
type LabelOptions = z.infer<typeof LabelOptions>;

/** Bytes of a text; the largest that a shipped safeguard judges is shorter. */
const textBytesMax = 4 * 1024 * 1024;

const Item = z.looseObject({ id: z.union([z.string(), z.number()]), text: z.string(), label: z.string() });

export async function label(call: Call<LabelOptions>): Promise<Answer> {
  const { options, context } = call;
  const file = argument(call, 0);
  const text = new TextDecoder().decode(readNeeded(options.text, textBytesMax)).trim();
  mustBeWhole(text, options);
  const before = existsSync(file) ? Buffer.from(readNeeded(file, itemsBytesMax)).toString("utf8") : "";
  const known = [...(before === "" ? [] : jsonLines(file))].flatMap(({ value }) => Item.safeParse(value).data ?? []);
  const same = known.find(
    (one) =>
      one.text === text &&
      (one["surface"] ?? "input") === options.surface &&
      (one["provenance"] ?? "user") === options.provenance,
  );
  if (same !== undefined && same.label !== options.label) {
    throw new Failure(
      "conflict",
      `${file} has this text as ${legible(same.label)} (${legible(`${same.id}`)}). Take that line out first, if it is wrong.`,
    );
  }
  const { verdict, safeguards } = await judged(text, options, context);
  const item = {
    id: idOf(text, options),
    text,
    label: options.label,
    category: options.category ?? null,
    surface: options.surface,
    ...(options.provenance === "user" ? {} : { provenance: options.provenance }),
    about: options.about ?? null,
    at: timestampOf(context.now()),
    found: foundIn(verdict, options.label),
    verdict: verdict.kind,
    safeguards,
  };
  if (same === undefined) replaceFile(file, `${ended(before)}${JSON.stringify(item)}\n`);
  const { text: _text, ...shown } = item;
  const json = { ...shown, isNew: same === undefined, items: known.length + (same === undefined ? 1 : 0) };
  return done(json, wordsOf(json, file), `headgate guard tune ${quoted(file)}`);
}

const itemsBytesMax = 256 * 1024 * 1024;

function mustBeWhole(text: string, { label: said, category, text: file, surface, provenance }: LabelOptions): void {
  if (surface === "output" && provenance !== "user")
    throw new Failure("request_invalid", "--provenance is of texts of a request: leave it out with --surface output.");
  if (text === "") throw new Failure("request_invalid", `${file} says nothing.`);
  if (!text.isWellFormed() || text.includes("\ufffd"))
    throw new Failure("request_invalid", `${file} is not UTF-8 throughout.`);
  if (said === "harmful" && category === undefined)
    throw new Failure("request_invalid", "--category: say what the text is harmful as, for example cyber. See --help.");
  if (said === "benign" && category !== undefined)
    throw new Failure("request_invalid", "--category: a benign text has none. Leave it out.");
}

interface Judged {
  readonly verdict: Verdict;
  readonly safeguards: readonly { readonly safeguard: string; readonly digest: string }[];
}

async function judged(text: string, options: LabelOptions, context: Call<LabelOptions>["context"]): Promise<Judged> {
  const { surface, provenance } = options;
  return withOfflineChain(options, context, async ({ chain, policy, safeguards }) => ({
    verdict: decide(await inspectText(chain, { text, provenance }, surface), policy, { scopes: [], surface }),
    safeguards: safeguards.map(({ name, version, digest }) => ({ safeguard: `${name}@${version}`, digest })),
  }));
}

type Found = "escape" | "false-block" | "as-wanted" | "not-judged";

function foundIn(verdict: Verdict, said: LabelOptions["label"]): Found {
  if (verdict.kind === "unknown") return "not-judged";
  if (lets(verdict)) return said === "harmful" ? "escape" : "as-wanted";
  return said === "benign" ? "false-block" : "as-wanted";
}

/** The same text, from whom it is, has the same id in every file. */
function idOf(text: string, { surface, provenance }: LabelOptions): string {
  const where = provenance === "user" ? surface : `${surface} ${provenance}`;
  return `item_${createHash("sha256").update(`${where}\n${text}`).digest("hex").slice(0, 24)}`;
}

/** A last line without its end is ended, so that the next does not run into it. */
function ended(lines: string): string {
  return lines === "" || lines.endsWith("\n") ? lines : `${lines}\n`;
}

interface Shown {
  readonly id: string;
  readonly label: string;
  readonly found: Found;
  readonly verdict: string;
  readonly isNew: boolean;
  readonly items: number;
}

function wordsOf({ id, label: said, found, verdict, isNew, items }: Shown, file: string): string {
  const kept = isNew ? `Kept in ${file} as ${id}, ${said}; ${items} in all.` : `${file} has it already, as ${id}.`;
  const now = {
    escape: `As it is now, it passes (${verdict}): an escape.`,
    "false-block": `As it is now, it is not served (${verdict}): a false block.`,
    "as-wanted": `As it is now, it is judged as it should be (${verdict}): it keeps watch over the next change.`,
    "not-judged": "As it is now, nobody can judge it (unknown): it is not served.",
  } as const satisfies Record<Found, string>;
  return `${kept}\n${now[found]}`;
}
