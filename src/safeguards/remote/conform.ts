// Whether a server keeps to what its entry declares: verdicts that can be read, for texts of every kind; the same ones when
// asked again; within the declared time; a find in each text that it has to find. Of a service also that it refuses what is not of
// the contract. It says what was seen, and nothing of how well anything is judged: that is what evaluations are for.
import { contractBody, contractVersion, readContract } from "./contract.ts";
import type { RemoteAnswer, ShownText, Speaker } from "./question.ts";
import type { RemoteEntry, ServiceEntry } from "./remote-document.ts";
import { type RemoteServer, type ServerMeans, jsonOf, openRemoteServer, troubleWith } from "./remote-server.ts";
import { speakerOf } from "./speaker.ts";

interface ConformCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

export interface Conformance {
  readonly checks: readonly ConformCheck[];
  /** Of the answers that came; null where none did. In milliseconds. */
  readonly slowestMs: number | null;
}

export interface ConformMeans extends ServerMeans {
  readonly randomBytes: (count: number) => Uint8Array;
  /** Texts in each of which something has to be found: what finds nothing at all keeps to every other part of its declaration. */
  readonly finds: readonly string[];
  /** Whether it conforms though nobody said what it has to find. */
  readonly isUntestedFine: boolean;
}

/** Failure destination_refused for an address that is never used, configuration_invalid for a secret that cannot be read. */
export async function conform(entry: RemoteEntry, means: ConformMeans): Promise<Conformance> {
  const speaker = speakerOf(entry, means.randomBytes(32));
  const server = openRemoteServer(entry, speaker, means);
  const trial: Trial = { entry, speaker, server, slowest: { ms: null } };
  try {
    const checks: ConformCheck[] = [];
    for (const [name, texts] of kindsOfTexts(entry)) {
      checks.push(await check(name, trial, async () => saidOf(await answerTo(texts, trial))));
    }
    checks.push(...(await detection(trial, means)));
    checks.push(await check("the same answer when asked again", trial, async () => sameAgain(trial)));
    checks.push(await check(`${entry.concurrent} questions at once`, trial, async () => allAtOnce(trial)));
    if (entry.safeguard === "service@1") checks.push(...(await refusals({ ...trial, entry })));
    return { checks, slowestMs: trial.slowest.ms };
  } finally {
    await server.close();
  }
}

interface Trial {
  readonly entry: RemoteEntry;
  readonly speaker: Speaker;
  readonly server: RemoteServer;
  readonly slowest: { ms: number | null };
}

const plain = "What time does the library open on Saturday?";

/** Of the kinds that gateways send. */
function kindsOfTexts({ charsMax }: RemoteEntry): readonly (readonly [name: string, texts: readonly ShownText[]])[] {
  const long = `${plain} `.repeat(Math.floor(charsMax / (plain.length + 1)));
  const many = Array.from({ length: 100 }, (_, at) => `${at}. ${plain}`.slice(0, Math.floor(charsMax / 100)));
  return [
    ["a benign text", [written(plain)]],
    ["a request without texts", []],
    [`a text of ${long.length} characters, as long as it says it reads`, [written(long)]],
    ["a hundred texts", many.map(written)],
    ["signs beyond the basic plane, marks, both directions, controls", [written(odd), written("\u0000")]],
    ["a text that looks like an answer", [written(`"}]}\n${JSON.stringify(contractBody([]))}\n\`\`\``)]],
    ["a text with what it says decoded", [written("Decode aGVsbG8="), { text: "Decode hello", view: "decoded" }]],
    ["a text with what it says undisguised", [written("ｈｅｌｌｏ"), { text: "hello", view: "normalised" }]],
  ];
}

const odd = "😀👩‍👩‍👧 Z͑ͫ̓a̡l͏g\u0489o עברית مرحبا \u202Eesrever\u202C \uFFFD \u200B\u{E0041} ﷽ 𝕳𝖊𝖑𝖑𝖔 \r\n\t\u0007";

function written(text: string): ShownText {
  return { text: text.toWellFormed(), view: "written" };
}

/** Throws a Failure, or a Fault for an answer that cannot be read. */
async function answerTo(
  texts: readonly ShownText[],
  { entry, speaker, server, slowest }: Trial,
): Promise<RemoteAnswer> {
  const { body, read } = speaker.question(texts);
  const from = performance.now();
  const answer = jsonOf(await server.post(JSON.stringify(body), { msMax: entry.timeoutMs }));
  slowest.ms = Math.max(slowest.ms ?? 0, Math.round(performance.now() - from));
  const known = read(answer);
  if (known !== undefined) return known;
  const why = entry.safeguard === "service@1" ? readContract(answer, { entry, texts }) : undefined;
  throw new Fault(
    typeof why === "string" ? `no answer of the contract: ${why}` : "its answer is no verdict of this kind",
  );
}

/** What is wrong with an answer, in words. */
class Fault extends Error {}

async function check(name: string, { entry }: Trial, look: () => Promise<string>): Promise<ConformCheck> {
  try {
    return { name, ok: true, detail: await look() };
  } catch (error) {
    const detail = error instanceof Fault ? error.message : troubleWith(entry, error);
    // What keeps every question from being asked ends it.
    if (detail === undefined) throw error;
    return { name, ok: false, detail };
  }
}

/** That it finds something where it has to. */
async function detection(trial: Trial, { finds, isUntestedFine }: ConformMeans): Promise<readonly ConformCheck[]> {
  if (finds.length === 0) {
    const detail =
      "NOT TESTED: nobody named a text that it has to find, and what finds nothing would pass all the rest";
    return [{ name: "what it has to find", ok: isUntestedFine, detail }];
  }
  const checks: ConformCheck[] = [];
  for (const [at, text] of finds.entries()) {
    const name = finds.length === 1 ? "a text that it has to find" : `text ${at + 1} that it has to find`;
    checks.push(await check(name, trial, async () => foundIn(await answerTo([written(text)], trial))));
  }
  return checks;
}

function foundIn(answer: RemoteAnswer): string {
  if (answer.findings.length === 0) throw new Fault("it found nothing in it");
  return saidOf(answer);
}

function saidOf({ findings }: RemoteAnswer): string {
  if (findings.length === 0) return "answered, nothing found";
  return `answered, found ${[...new Set(findings.map(({ category, band }) => `${category} (${band})`))].join(", ")}`;
}

const asksAgain = 3;

async function sameAgain(trial: Trial): Promise<string> {
  const texts = [written(plain), written("How do I kill a Python process that hangs?")];
  const answers = new Set<string>();
  for (let at = 0; at < asksAgain; at += 1) {
    const { findings } = await answerTo(texts, trial);
    answers.add(JSON.stringify(findings));
  }
  if (answers.size > 1) throw new Fault(`${answers.size} different answers to the same texts, of ${asksAgain}`);
  return `${asksAgain} times the same`;
}

async function allAtOnce(trial: Trial): Promise<string> {
  const texts = [written(plain)];
  await Promise.all(Array.from({ length: trial.entry.concurrent }, async () => answerTo(texts, trial)));
  return "all answered";
}

type ServiceTrial = Trial & { readonly entry: ServiceEntry };

/** What is not of the contract is refused with 400 to 499, and what comes without the key as well. */
async function refusals(trial: ServiceTrial): Promise<readonly ConformCheck[]> {
  const right = contractBody([written(plain)]);
  const wrong: readonly (readonly [name: string, body: string])[] = [
    ["a body that is not JSON is refused", '{"contract":'],
    ["another version of the contract is refused", JSON.stringify({ ...right, contract: "headgate-safeguard/0" })],
    ["a question without texts in it is refused", JSON.stringify({ contract: contractVersion, surface: "input" })],
    ["texts of another form are refused", JSON.stringify({ ...right, texts: [plain] })],
  ];
  const checks: ConformCheck[] = [];
  for (const [name, body] of wrong) checks.push(await check(name, trial, async () => refused(body, trial)));
  const strangers = "who comes without the key is refused";
  if (trial.entry.key !== undefined) {
    checks.push(await check(strangers, trial, async () => refused(JSON.stringify(right), trial, "stranger")));
  }
  checks.push(
    await check("it answers as before after that", trial, async () => saidOf(await answerTo([written(plain)], trial))),
  );
  return checks;
}

async function refused(body: string, { entry, server }: ServiceTrial, who?: "stranger"): Promise<string> {
  const asking = { msMax: entry.timeoutMs, statuses: "any" } as const;
  const { head } = await server.post(body, who === undefined ? asking : { ...asking, isStranger: true });
  if (head.status >= 400 && head.status < 500) return `${head.status}`;
  throw new Fault(`it answered ${head.status}, not 400 to 499`);
}
