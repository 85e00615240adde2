// `headgate connect URL`: asks a model server what it speaks and writes commented documents for it into a folder. Nothing
// is sent to Headgate: people read and change the files, then apply them.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { z } from "zod";
import { nearestWord } from "../documents/nearest.ts";
import { outboundDefaults } from "../outbound/connector.ts";
import { Name } from "../terms/ids.ts";
import { Failure } from "../terms/failure.ts";
import { type Discovery, discover, explainDiscovery } from "../upstream/discover.ts";
import { type Answer, done, notPassed } from "./answer.ts";
import type { Context } from "./context.ts";
import { readNeeded } from "./files.ts";
import { type Base, type Call, addVerb, argument, sameProfile } from "./verb.ts";

/** In the order in which they are taken where a server speaks several. */
const dialects = ["openai-chat", "openai-responses", "anthropic-messages", "openai-embeddings"] as const;
type Dialect = (typeof dialects)[number];

const Options = z.object({
  name: Name.optional(),
  model: z.string().min(1).max(256).optional(),
  dialect: z.enum(dialects).optional(),
  keyVariable: z
    .string()
    .regex(/^UPSTREAM_[A-Z0-9_]{1,64}$/, "the variable's name begins with UPSTREAM_")
    .optional(),
  out: z.string().min(1).default("headgate-documents"),
});

const discoverMsMax = 30_000;

export function addConnectVerb(program: Command, context: Context): void {
  addVerb(program, context, {
    usage: "connect <url>",
    summary: "look at a model server and write documents for it, to be read, changed and applied",
    flags: [
      ["--name <name>", "the public name callers will use (default: from the server's model)"],
      ["--model <name>", "which of the server's models"],
      ["--dialect <name>", `what to speak with it: ${dialects.join(", ")} (default: the first that it speaks)`],
      ["--key-variable <name>", "environment variable of the gateway with the server's key: UPSTREAM_…"],
      ["--out <folder>", "where to write (default headgate-documents)"],
    ],
    options: Options,
    run: connect,
  });
}

async function connect(call: Call<z.infer<typeof Options>>): Promise<Answer> {
  const { options, base } = call;
  const address = URL.parse(argument(call, 0));
  if (address === null)
    throw new Failure("request_invalid", "This is not an address. For example: http://127.0.0.1:9001/v1");
  const found = await discover(address, {
    rules: { ...outboundDefaults, allowPrivate: true },
    key: undefined,
    signal: AbortSignal.timeout(discoverMsMax),
  });
  if (found.kind === "key-needed" && options.model !== undefined && options.keyVariable !== undefined) {
    const { dialect = "openai-chat" } = options;
    return written(options, { url: found.url, model: options.model, dialect }, base);
  }
  if (found.kind !== "found")
    return notPassed(
      found,
      explainDiscovery(found),
      `headgate connect ${found.kind === "key-needed" ? found.url : "URL"} --model NAME --key-variable UPSTREAM_KEY${sameProfile(base)}`,
    );
  return written(options, chosen(found, options), base);
}

interface Chosen {
  readonly url: string;
  readonly model: string;
  readonly dialect: Dialect;
}

type Found = Extract<Discovery, { kind: "found" }>;

function chosen(found: Found, { model: wanted, dialect }: z.infer<typeof Options>): Chosen {
  const [first, ...others] = found.models;
  const model = wanted ?? (others.length === 0 ? first : undefined);
  if (model === undefined) {
    throw new Failure(
      "request_invalid",
      `Say which model with --model: ${found.models.slice(0, 20).join(", ") || "the server lists none"}.`,
    );
  }
  if (found.models.length > 0 && !found.models.includes(model)) {
    const near = nearestWord(model, found.models);
    throw new Failure(
      "request_invalid",
      `The server has no model "${model}"${near === undefined ? "" : `; did you mean "${near}"?`} It lists: ${found.models.slice(0, 20).join(", ")}.`,
    );
  }
  return { url: found.url, model, dialect: dialectOf(found, dialect) };
}

/** Embeddings are not asked for when an address is looked at: that it gives them has to be said. */
function dialectOf({ dialects: spoken }: Found, wanted: Dialect | undefined): Dialect {
  const isSpoken = (dialect: Dialect): boolean => spoken.some((one) => one === dialect);
  const dialect = wanted ?? dialects.find(isSpoken) ?? "openai-chat";
  if (dialect === "openai-embeddings" || isSpoken(dialect)) return dialect;
  throw new Failure("request_invalid", `The server does not speak ${dialect}. It speaks ${spoken.join(", ")}.`);
}

function written(options: z.infer<typeof Options>, upstream: Chosen, base: Base): Answer {
  const name = options.name ?? nameFrom(upstream.model);
  const files = [
    { path: join(options.out, "model.yaml"), text: modelYaml(name, upstream, options.keyVariable) },
    { path: join(options.out, "release-plan.yaml"), text: planYaml(name) },
    { path: join(options.out, "safeguards.yaml"), text: safeguardsYaml(name) },
    { path: join(options.out, "usage-policy.yaml"), text: policyYaml(name) },
    { path: join(options.out, "organisation.yaml"), text: organisationYaml(name) },
  ];
  const taken = files.find(({ path }) => existsSync(path));
  if (taken !== undefined)
    throw new Failure("conflict", `${taken.path} exists already. Name another folder with --out.`);
  mkdirSync(options.out, { recursive: true });
  for (const { path, text } of files) writeFileSync(path, text, { flag: "wx" });
  const paths = files.map(({ path }) => path);
  const organisation = organisationOf(name);
  return done(
    { name, organisation, upstream, files: paths },
    `Wrote ${paths.join(", ")}.`,
    nextLines(name, options.out, sameProfile(base)),
  );
}

/** From the files to the first answer. */
function nextLines(name: Name, out: string, profile: string): string {
  return [
    "read and change the files, then",
    `headgate apply -f ${out}${profile}`,
    `headgate key create --organisation ${organisationOf(name)}${profile}`,
    `headgate release propose ${name} --stage internal --reason "…"${profile}`,
  ].join("\n  ");
}

function nameFrom(model: string): Name {
  const plain = model.split("/").at(-1) ?? model;
  const parsed = Name.safeParse(
    plain
      .toLowerCase()
      .replaceAll(/[^a-z0-9._-]/g, "-")
      .replace(/^[^a-z0-9]+/, "")
      .slice(0, 63),
  );
  if (parsed.success) return parsed.data;
  throw new Failure("request_invalid", `"${model}" gives no public name; choose one with --name.`);
}

function modelYaml(name: Name, { url, model, dialect }: Chosen, keyVariable: string | undefined): string {
  const key =
    keyVariable === undefined
      ? "  # key: env:UPSTREAM_KEY          # never the secret itself\n"
      : `  key: env:${keyVariable}\n`;
  return `# The served system: everything that changes what callers get stands here, and its digest pins it.
kind: Model
name: ${name}                       # the public name callers use
upstream:
  dialect: ${dialect}
  url: ${url}
  model: ${JSON.stringify(model)}
${key}identity: { basis: declared }        # declared is shown wherever the model is; say weights: sha256:… where you know it
systemPrompt: ""
envelope: { temperature: [0, 1], outputTokensMax: 1024, tools: false }
`;
}

function planYaml(name: Name): string {
  return `# How far the model may go, and what must be shown first. One owner opens \`internal\`; it is marked as one signer's.
kind: ReleasePlan
model: ${name}
public: false                      # true: the model and its stage may be named to anyone
safeguards: ${name}
policy: ${name}
stages:
  - stage: internal
    audience: { types: [internal] }   # organisations of this type are served
    requires:
      - { id: owner, signOffs: [ { role: owner, count: 1 } ] }
    certificate: { validDays: 30 }
  # Wider stages ask for evidence, for example:
  # - stage: trusted
  #   audience: { types: [partner] }
  #   requires:
  #     - { id: misuse, suite: misuse-core, measure: misuse-success, upper: 0.20, confidence: 0.95 }
  #     - { id: board, signOffs: [ { role: owner, count: 1 }, { role: safety, count: 1 } ] }
  #   certificate: { validDays: 30 }
`;
}

/** Those of the first example, named as the model, so that applying them changes no other model's safeguards or policy. */
function safeguardsYaml(name: Name): string {
  const example = fileURLToPath(new URL("../../examples/first-release/safeguards.yaml", import.meta.url));
  return Buffer.from(readNeeded(example, exampleBytesMax))
    .toString("utf8")
    .replace(/^name: .*$/m, `name: ${name}`);
}

const exampleBytesMax = 65_536;

function policyYaml(name: Name): string {
  return `# What is prohibited, restricted to a scope, or allowed. A category that is not named here is prohibited.
kind: UsagePolicy
name: ${name}
categories: []
`;
}

const nameCharsMax = 63;
const ownEnding = "-internal";

/** An organisation for this model alone: applying the file takes no grant from another. */
function organisationOf(name: Name): Name {
  return Name.parse(`${name.slice(0, nameCharsMax - ownEnding.length)}${ownEnding}`);
}

function organisationYaml(name: Name): string {
  return `# Who is served: your own people, as far as the plan's stage \`internal\` reaches. Others get an organisation of their own.
kind: Organisation
name: ${organisationOf(name)}
type: internal                     # the type that the plan's stage \`internal\` is for
country: ZZ                        # change it: two capital letters, for example DE
purpose: Trying the model ourselves before anyone else does
grants:
  - { model: ${name}, stage: internal, requestsPerMinute: 60, tokensPerDay: 1000000, expiresInDays: 90 }
`;
}
