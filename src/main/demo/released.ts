// The gate is open: an answer streams, a harmful request is blocked, the receipt is checked, and a long answer is stopped
// by a hold while it runs. A hold that the reader placed elsewhere is theirs: the play says so and leaves it standing.
import { z } from "zod";
import { need } from "../in-process.ts";
import { type Piece, ask, askStream } from "../talk.ts";
import { type Cast, modelName } from "./cast.ts";
import { type Item, advance, statusNow } from "./judging.ts";
import { question } from "./opening.ts";

interface Heard {
  readonly receipt: string | undefined;
  readonly finish: string;
}

export async function showAnswer(cast: Cast): Promise<string | undefined> {
  const { screen, partner } = cast;
  screen.head("The partner asks again, with the same key:");
  screen.say(`"${question.messages[0].content}"`);
  const { pieces, refused } = await askStream(partner, question);
  if (refused !== undefined) {
    screen.bad(`${refused.status} ${refused.code ?? ""}: ${refused.message}`);
    return undefined;
  }
  const { receipt, finish } = await relay(cast, pieces);
  if (finish === "content_filter") screen.say("A safeguard ended this answer; nothing it had not cleared was sent.");
  return receipt;
}

async function relay({ screen }: Cast, pieces: AsyncIterable<Piece>): Promise<Heard> {
  let receipt: string | undefined;
  let finish = "";
  for await (const piece of pieces) {
    if (piece.kind === "text") screen.stream(piece.text);
    else if (piece.kind === "receipt") receipt = piece.receipt;
    else finish = piece.finish;
  }
  screen.endStream();
  return { receipt, finish };
}

/** The words of the item are a suite's; what becomes of them is the gateway's own answer. */
export async function showBlocked({ screen, partner }: Cast, item: Item | undefined): Promise<void> {
  screen.head("Somebody with the same key asks for harm (an item of misuse-core):");
  if (item === undefined) {
    screen.say("The safeguards blocked no short item of the suite in this run, so there is none to show.");
    return;
  }
  screen.say(`"${item.text}"`);
  const reply = await ask(partner, { ...question, messages: [{ role: "user", content: item.text }] });
  const reason = reply.reason === null ? "" : ` (${reply.reason})`;
  const line = `${reply.status} ${reply.code ?? "answered"}${reason}: ${reply.message || reply.text}`;
  if (reply.code === "policy_blocked") screen.good(line);
  else screen.bad(line);
}

const Verified = z.object({ ok: z.boolean(), included: z.literal(true), ledgerIndex: z.number() });

export async function showReceipt({ screen, desk, folder }: Cast, receipt: string | undefined): Promise<void> {
  if (receipt === undefined) return;
  const args = ["receipt", "verify", receipt, "--profile", folder.owner];
  const { ledgerIndex } = await need(desk.run(args), Verified);
  screen.good(
    `The receipt of that answer (${receipt.length} bytes) verifies: signed by the gateway, in the ledger at ${ledgerIndex}.`,
  );
}

const longQuestion = {
  model: modelName,
  messages: [
    { role: "user", content: "Write a long story about a lock keeper, a canal, and the boats of one summer." },
  ],
  max_tokens: 700,
  temperature: 0.7,
} as const;

/** Characters after which the demo holds by itself, where nobody can press a key. */
const unattendedChars = 240;
const storiesMax = 3;

interface Story {
  chars: number;
  lastMs: number;
  endMs: number;
}

interface Holding {
  readonly pressedMs: number;
  readonly answeredMs: number;
}

interface Brake {
  held: Promise<Holding> | undefined;
}

/** One person stops everything, in the middle of a word: by a key here, or in the console. */
export async function showHold(cast: Cast): Promise<"held here" | "held elsewhere"> {
  const { screen, keys } = cast;
  screen.head("A long answer. Anyone on duty can stop it:");
  screen.say(
    keys.areThere ? "press h" : `no terminal here, so the demo holds by itself after ${unattendedChars} characters`,
  );
  const over = new AbortController();
  const story: Story = { chars: 0, lastMs: 0, endMs: 0 };
  const brake: Brake = { held: undefined };
  const holdOnce = async (): Promise<Holding> => {
    brake.held ??= hold(cast);
    return brake.held;
  };
  const inPassing = (): void => {
    holdOnce().catch(() => undefined);
  };
  keys.next(["h"], over.signal).then(inPassing, () => undefined);
  let isElsewhere = false;
  for (let told = 0; told < storiesMax && brake.held === undefined && !isElsewhere; told++) {
    await tell(cast, story, () => {
      if (!keys.areThere && story.chars >= unattendedChars) inPassing();
    });
    isElsewhere = brake.held === undefined && (await isHeld(cast));
  }
  over.abort();
  if (isElsewhere) {
    screen.good(`HELD, by a hold placed elsewhere: the answer ended after ${story.chars} characters. It stays shut.`);
    return "held elsewhere";
  }
  if (brake.held === undefined) screen.say("Nobody pressed h before the answer ended, so the demo holds now.");
  showHeld(cast, story, await holdOnce());
  return "held here";
}

async function isHeld(cast: Cast): Promise<boolean> {
  const { holds } = await statusNow(cast);
  return holds.length > 0;
}

async function tell({ screen, partner }: Cast, story: Story, onText: () => void): Promise<void> {
  const { pieces, refused } = await askStream(partner, longQuestion);
  if (refused !== undefined) {
    screen.bad(`${refused.status} ${refused.code ?? ""}: ${refused.message}`);
    return;
  }
  for await (const piece of pieces) {
    if (piece.kind !== "text") continue;
    story.chars += piece.text.length;
    story.lastMs = piece.atMs;
    screen.stream(piece.text);
    onText();
  }
  story.endMs = performance.now();
  screen.endStream();
}

async function hold({ desk, folder }: Cast): Promise<Holding> {
  const pressedMs = performance.now();
  const args = ["release", "hold", modelName, "--reason", "Trying the brake (DEMO).", "--profile", folder.safety];
  await need(desk.run(args), z.unknown());
  return { pressedMs, answeredMs: performance.now() };
}

function showHeld({ screen }: Cast, story: Story, { pressedMs, answeredMs }: Holding): void {
  const last = Math.max(0, Math.round(story.lastMs - pressedMs));
  const end = Math.max(0, Math.round(story.endMs - pressedMs));
  screen.good(
    `HELD. Last text ${last} ms after the key, stream ended after ${end} ms; the hold was signed, on the gateway's ` +
      `disk and in the ledger after ${Math.round(answeredMs - pressedMs)} ms.`,
  );
}

const Resumed = z.object({ proposal: z.string() });

/** To reopen takes both again; for the demo both sign at once. */
export async function showResume(cast: Cast): Promise<void> {
  const { screen, desk, folder, partner } = cast;
  const shut = await ask(partner, question);
  screen.say(`Meanwhile: ${shut.status} ${shut.code ?? ""} (${shut.reason ?? ""}).`);
  const why = ["--reason", "The brake works (DEMO)."];
  const asked = await desk.run(["release", "resume", modelName, ...why, "--profile", folder.safety]);
  const { proposal } = Resumed.parse(asked.json);
  for (const profile of [folder.safety, folder.owner]) {
    await need(desk.run(["release", "sign", proposal, ...why, "--profile", profile]), z.unknown());
  }
  const { ledgerIndex } = await advance(cast, proposal);
  screen.say(`Resumed by both demo signers (yours by the demo), as certificate at ${ledgerIndex} of the ledger.`);
}

const Proposed = z.object({ proposal: z.string() });

/** The next stage, with every signature but the reader's. */
export async function leaveOneShort({ desk, folder }: Cast): Promise<string | null> {
  const why = ["--reason", "Ready for more (DEMO)."];
  const asked = ["release", "propose", modelName, "--stage", "limited", ...why, "--profile", folder.owner];
  const said = await desk.run(asked);
  if (said.exit !== 0) return null;
  const { proposal } = Proposed.parse(said.json);
  for (const profile of [folder.owner, folder.assurance]) {
    await need(desk.run(["release", "sign", proposal, ...why, "--profile", profile]), z.unknown());
  }
  return proposal;
}
