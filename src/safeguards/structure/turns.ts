// The rule `many-shot`: a dialogue, invented within one text, in which a model answers one harmful request after another, so that it
// goes on like that. A dialogue alone is nothing: examples, interviews and support logs are dialogues. What counts is a turn
// that asks for harm and is answered. Source: Anil et al., Many-shot Jailbreaking (2024), for the attack; words of our own.
import type { Span } from "../../terms/finding.ts";
import { normalise } from "../normalise.ts";
import type { PlacedText } from "../safeguard.ts";
import { inText, type Piece, type RuleReader } from "./rule-reader.ts";

const asker =
  "user|human|me|person|customer|questioner|interviewer|requester|student|prompt|question|query|request|instruction|q|u|h|" +
  "nutzer|benutzer|mensch|frage|utilisateur|humain|question|usuario|humano|pregunta|utente|domanda|usuário|pergunta|" +
  "пользователь|человек|вопрос|用户|人类|问|ユーザー";
const answerer =
  "assistant|ai|a\\.i\\.|bot|chatbot|robot|gpt|chatgpt|gpt-?[34][a-z]?|claude|gemini|bard|llama|mistral|model|llm|answer|response|reply|output|" +
  "completion|expert|teacher|evil ?bot|dan|aim|a|assistent|ki|antwort|réponse|reponse|ia|asistente|respuesta|assistente|risposta|resposta|" +
  "ассистент|ии|ответ|助手|助理|答|アシスタント";

/** As dialogues are written, with or without markup, up to the sign that ends the label: `User:`, `**Q 3**:`, `<|assistant|>`, `[INST]`. */
const label = new RegExp(
  `(?<![\\p{L}\\p{N}])(?:(${asker})|(${answerer})|(\\[inst)|(\\[/inst))\\s?#?\\d{0,4}["'*_)|]{0,3}\\s?$`,
  "u",
);
/** And where the name stands behind the sign: `<|im_start|>user`, `"role": "user"`. */
const labelBehind = /^(?:im_start\|>|start_of_turn>|header_id\|>|role"?\s?:\s?")\s?(?:(user|human)|(assistant|model))/u;
const sign = /[:：>\]|]/g;
/** The longest label, with its markup. */
const labelCharsMax = 32;

/** What is harmful to ask for; a dialogue of examples has it in one turn, not in one after another. */
const harmWords = [
  "bombs?|explosives?|detonat\\w*|grenades?|molotovs?|napalm|thermite|nerve agents?|sarin|ricin|anthrax|poison\\w*|toxins?|cyanide",
  "(?:chlorine|mustard|toxic|poison) gas|bio-?weapons?|biological weapons?|chemical weapons?|nuclear|uranium|weapons?|firearms?|ghost guns?|guns?",
  "silencers?|ammunition|meth(?:amphetamines?)?|crystal meth|cocaine|heroin|fentanyl|lsd|mdma|ghb|drugs?|kill(?:ing|ed)?|murder\\w*",
  "assassinat\\w*|strangl\\w*|stab(?:bing)?|tortur\\w*|massacres?|mass shooting|school shooting|terroris\\w+|hostages?|kidnap\\w*|abduct\\w*",
  "traffick\\w*|smuggl\\w*|hack(?:ing|ed)?|malware|ransomware|computer virus(?:es)?|virus(?:es)?|trojans?|rootkits?|keyloggers?|spyware",
  "phish\\w*|ddos|botnets?|sql injections?|exploits?|steal(?:ing)?|stolen|shoplift\\w*|burgl\\w*|rob(?:bing|bery)?|hot-?wir\\w*|lock-?pick\\w*",
  "pick(?:ing)? (?:a |the )?locks?|break(?:ing)? into|launder\\w*|counterfeit\\w*|forg(?:e|ed|ing|ery)|fake (?:ids?|passports?|documents?|reviews?|news|prescriptions?|invoices?)",
  "blackmail\\w*|extort\\w*|brib(?:e|es|ing|ery)|stalk(?:ing)?|dox(?:x?ing)?|spy(?:ing)? on|rap(?:e|ing)|molest\\w*|suicid\\w*|self-?harm|hurt myself|overdos\\w*",
  "racis[tm]\\w*|slurs?|hate speech|nazis?|ethnic cleansing|genocides?|scam\\w*|fraud\\w*|embezzl\\w*|identity theft|stolen credit cards?|credit card numbers?",
  "insider trading|evade taxes|tax evasion|untraceabl\\w+|without (?:getting|being) caught|without (?:them|her|him|anyone) knowing|get(?:ting)? away with",
  "misinformation|disinformation|propaganda|deepfakes?|groom(?:ing)?|sabotag\\w*|poach(?:ing)?|illegal\\w*|arson|set fire to|hijack\\w*|riots?|crack passwords?|dirty bomb",
];
const harm = wordsOf(harmWords.join("|"));
const askWords =
  "how (?:do|can|could|would|to|should|might|does)|teach|tell me|give me|show me|write|create|make|build|explain|provide|describe|help me|" +
  "what(?:'s|’s| is| are) (?:the|a|some) (?:best|easiest|steps?|good|ways?|most|quickest|recipe)|steps? (?:to|for)|instructions?|guide|recipe|" +
  "where (?:can|do) i|ways? to|i want to|i need to|list|generate|develop|come up with|plan|design|draft|suggest";
const ask = wordsOf(askWords);
/** Who asks for this wants the opposite. */
const guardWords =
  "protect\\w*|prevent\\w*|defend\\w*|recogni[sz]\\w*|remov\\w*|treat\\w*|recover\\w*|report(?:ing)?|spot|stop|fight|quit\\w*|support|history|laws?|legal(?:ly)?|" +
  "safely|against|symptoms|process|signs of";
const guard = wordsOf(guardWords);
const refusalWords =
  "i(?:'|’)?m (?:really |very |so )?(?:sorry|unable|not able)|i am (?:sorry|unable|not able)|sorry|i can(?:'|’)?t|i cannot|i can not|i won(?:'|’)?t|i will not|i do not|" +
  "i don(?:'|’)?t|as an ai|unfortunately|no\\b|i must decline|that(?:'|’)?s (?:illegal|not)|it is (?:illegal|not)|i refuse";
const refusal = new RegExp(`^[^\\p{L}]{0,8}(?:${refusalWords})`, "u");

/** All that the rule looks for, for the digest. */
export const turnWords: readonly string[] = [
  label.source,
  labelBehind.source,
  harm.source,
  ask.source,
  guard.source,
  refusal.source,
];

function wordsOf(words: string): RegExp {
  return new RegExp(`\\b(?:${words})\\b`, "u");
}

/** Of a turn, as much is read. */
const turnCharsMax = 400;
/** Of the turns, such as ask for harm and are answered. */
const harmfulShareMin = 0.25;

export function turnCounter(turnsMin: number): RuleReader {
  let asked: Turn | undefined;
  let turns = 0;
  let harmful = 0;
  let span: Span | undefined;
  return {
    add: (piece) => {
      for (const turn of turnsIn(piece)) {
        if (turn.isAsked) {
          asked = turn;
          continue;
        }
        if (asked === undefined) continue;
        turns += 1;
        if (isHarmful(asked.text, turn.text)) {
          harmful += 1;
          span = [span?.[0] ?? asked.span[0], turn.span[1]];
        }
        asked = undefined;
      }
    },
    found: () => (harmful >= turnsMin && harmful >= harmfulShareMin * turns ? span : undefined),
  };
}

/** The same where turns are messages: what a user wrote, and what a model answered. */
export function messagesFound(texts: readonly PlacedText[], turnsMin: number): Span | undefined {
  let asked: PlacedText | undefined;
  let turns = 0;
  let harmful = 0;
  let span: Span | undefined;
  for (const one of texts) {
    if (one.provenance === "user") asked = one;
    if (one.provenance !== "model" || asked === undefined) continue;
    turns += 1;
    if (isHarmful(beginningOf(asked), beginningOf(one))) {
      harmful += 1;
      span = [span?.[0] ?? asked.at, one.at + one.text.length];
    }
    asked = undefined;
  }
  return harmful >= turnsMin && harmful >= harmfulShareMin * turns ? span : undefined;
}

function beginningOf({ text }: PlacedText): string {
  return normalise(text.slice(0, turnCharsMax)).text;
}

interface Turn {
  readonly isAsked: boolean;
  readonly text: string;
  readonly span: Span;
}

/** From label to label. */
function* turnsIn(piece: Piece): Generator<Turn, void, void> {
  const { text } = piece.plain;
  let open: { readonly isAsked: boolean; from: number } | undefined;
  const close = function* close(end: number): Generator<Turn, void, void> {
    if (open === undefined) return;
    const to = Math.min(end, open.from + turnCharsMax);
    yield { isAsked: open.isAsked, text: text.slice(open.from, to), span: inText(piece, [open.from, to]) };
  };
  for (const { index } of text.matchAll(sign)) {
    const found = labelAt(text, index);
    if (found === undefined) continue;
    // Markup has several signs: the label goes on.
    if (open !== undefined && found.start < open.from) {
      open.from = Math.max(open.from, found.end);
      continue;
    }
    yield* close(found.start);
    open = { isAsked: found.isAsked, from: found.end };
  }
  yield* close(text.length);
}

interface Label {
  readonly isAsked: boolean;
  readonly start: number;
  readonly end: number;
}

/** The label that a sign belongs to. */
function labelAt(text: string, at: number): Label | undefined {
  const from = Math.max(0, at - labelCharsMax);
  const before = text.slice(from, at);
  const ending = label.exec(before);
  if (ending !== null) {
    const [, asks, , begins] = ending;
    return { isAsked: (asks ?? begins) !== undefined, start: from + ending.index, end: at + 1 };
  }
  const mark = Math.max(...markup.map((one) => before.lastIndexOf(one)));
  if (mark < 0) return undefined;
  const start = from + mark;
  const behind = labelBehind.exec(text.slice(start, start + 2 * labelCharsMax));
  return behind === null ? undefined : { isAsked: behind[1] !== undefined, start, end: start + behind[0].length };
}

const markup = ["im_start", "start_of_turn", "header_id", "role"] as const;

function isHarmful(question: string, answer: string): boolean {
  return harm.test(question) && ask.test(question) && !guard.test(question) && !refusal.test(answer);
}
