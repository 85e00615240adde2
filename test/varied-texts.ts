// Texts of many kinds for tests and benches of the safeguards: everyday ones, harmful ones, disguised ones, other scripts,
// emoji, broken surrogates, lists of letters, empty and long. The same each time: drawn by a small generator with a seed.
import { readFileSync } from "node:fs";
import { z } from "zod";

const Card = z.object({ checks: z.array(z.object({ text: z.string(), misuse: z.number() })) });
const cardFile = new URL("../src/safeguards/artefacts/misuse-4.card.json", import.meta.url);

const everyday =
  `Could you help me plan a small kitchen garden? We have about twelve square metres behind the house, half of it in
the shade after three o'clock. Last year we tried tomatoes, but they caught blight in August, and we lost nearly all of
them. I've read that raised beds drain better — though they dry out faster in a hot summer. A drip hose costs $40 to $60;
what would YOU plant first? Write it as a table: month, crop, distance (in cm). Café prices in Zürich are naïve. Thanks!
const total = items.reduce((sum, item) => sum + item.price * item.count, 0); // 2 < 3 && 5 >= 4
The committee met on Tuesday to talk about the new timetable for the library, which opens at 9:30 and closes at 17:00.`.split(
    /\s+/u,
  );

const other =
  "Как дела сегодня, всё хорошо? Καλημέρα σας, τι κάνετε; 你好，今天天气怎么样？ こんにちは世界 한국어 문장입니다 مرحبا بالعالم שלום עולם नमस्ते दुनिया สวัสดี Việt Nam ước mơ".split(
    " ",
  );

const odd = [
  "😀👍🏽",
  "👩‍👩‍👧",
  "\u200b",
  "\u202e",
  "\ufeff",
  "\ud83d",
  "\ude00",
  "ﬁ",
  "ﷺ",
  "½",
  "㎏",
  "ｗｉｄｅ",
  "𝐛𝐨𝐦𝐛",
  "е",
  "pаssword",
  "рaypal",
  "b o m b",
  "k.i.l.l",
  "a b c d e f",
  "U.S.S.R",
  "J. R. R. T.",
  "x-y-z-w-v",
  "-----",
  ". . . .",
  "_a_b_c_d_",
  "\u0301",
  "e\u0301\u0302",
  "\t\t",
  "\n\n",
  "   ",
  "\u00a0",
  "\u3000",
  "\u007f",
  "\u0000",
  "\u{e0062}\u{e006f}\u{e006d}\u{e0062}",
  "don't",
  "##ing",
  "[UNK]",
  "İstanbul",
  "ẞ",
  "Ǆ",
  "١٢٣",
  "²",
  "©™",
  "a".repeat(60),
];

/** A small generator of numbers from 0 to 1 (mulberry32), so that every run sees the same texts. */
function drawing(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `count` texts; the first are edge cases, the others are drawn. Includes texts that the shipped detector stops. */
export function variedTexts(count: number): string[] {
  const requests = Card.parse(JSON.parse(readFileSync(cardFile, "utf8"))).checks.map(({ text }) => text);
  const texts = [
    "",
    " ",
    "\n\u200b ",
    "a",
    "ab",
    "a b c d",
    "\ud800",
    "😀",
    "!".repeat(700),
    "x".repeat(2000),
    ...requests,
  ];
  const draw = drawing(7);
  while (texts.length < count) texts.push(drawn(draw, requests));
  return texts.slice(0, count);
}

function drawn(draw: () => number, requests: readonly string[]): string {
  const pick = <T>(from: readonly T[], least: T): T => from[Math.floor(draw() * from.length)] ?? least;
  const size = pick([3, 12, 40, 90, 180, 400, 900], 3);
  const oddness = pick([0, 0, 0, 0.02, 0.1, 0.5], 0);
  const harm = pick([0, 0, 0.01, 0.05, 0.3], 0);
  const language = pick([0, 0, 0.03, 1], 0);
  const words: string[] = [];
  while (words.length < size) {
    const dice = draw();
    if (dice < harm) words.push(...pick(requests, "").split(" "));
    else if (dice < harm + oddness) words.push(pick(odd, ""));
    else words.push(pick(draw() < language ? other : everyday, ""));
  }
  const text = words.join(pick([" ", " ", " ", "\n", ""], " "));
  return pick([text, text, text, text.toUpperCase(), text.replaceAll("a", "а"), text.split("").join("\u200b")], text);
}

/** About a thousand everyday characters, another stretch for each number. */
export function everydayText(number: number, length = 1000): string {
  const draw = drawing(1000 + number);
  let text = "";
  while (text.length < length) text += `${everyday[Math.floor(draw() * everyday.length)] ?? ""} `;
  return text.slice(0, length);
}
