// Distinct everyday texts to measure with, so that nothing can be answered from a memory of the one before. Made from a fixed
// seed: every run measures the same ones.
const words = (
  "river garden engine library market window bread summer railway bridge teacher paper letter morning kitchen valley season " +
  "harbour lantern orchard copper village meadow compass ladder thread weather basket candle mirror blanket pencil bicycle " +
  "station island forest mountain recipe history colour music painting theatre novel poem chapter formula method journey"
).split(" ");

/** `count` texts of about `chars` characters. */
export function distinctTexts(count: number, chars: number): readonly string[] {
  let seed = 12_345;
  const next = (): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed / 2_147_483_648;
  };
  return Array.from({ length: count }, (_, at) => {
    let text = `Question ${at}: please explain`;
    while (text.length < chars) {
      const word = words[Math.floor(next() * words.length)] ?? "";
      text += next() < 0.12 ? `. Then tell me about the ${word}` : ` ${word}`;
    }
    return text;
  });
}
