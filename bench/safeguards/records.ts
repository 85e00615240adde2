// What training recorded of sources left out whole, which cannot be measured on what ships, since that was trained on them: the
// three folds of the fourth round (decisions/010), whose encoder was trained from MiniLM on fewer draws, so a lower mark. Of
// each source at most 250 rows were judged. Threshold: 9 of 925 everyday requests of the training sets flagged (CLINC, BANKING, GSM8K,
// Self-Instruct), a benign rate of 3.75 % of the reference; and the shipped 0.5 %.

export interface Left {
  readonly source: string;
  readonly part: "misuse" | "attack";
  readonly by: "public" | "public, not in English" | "own";
  readonly rows: number;
  /** At 1 % of everyday requests. */
  readonly found: number;
  /** At 0.5 % of the benign reference. */
  readonly foundShipped: number;
}

function left(source: string, by: Left["by"], [rows, found, foundShipped]: readonly [number, number, number]): Left {
  const part = /jailbreak|planted/.test(source) ? "attack" : "misuse";
  return { source, part, by, rows, found, foundShipped };
}

export const leftOut: readonly Left[] = [
  left("AART", "public", [250, 163, 62]),
  left("AdvBench, HarmBench's training part", "public", [250, 230, 208]),
  left("CatQA, English", "public", [250, 236, 201]),
  left("CatQA, Vietnamese", "public, not in English", [250, 2, 0]),
  left("CatQA, Chinese", "public, not in English", [250, 0, 0]),
  left("CyberSecEval MITRE", "public", [250, 82, 11]),
  left("CySecBench", "public", [250, 143, 41]),
  left("GPTFuzzer's questions", "public", [76, 67, 45]),
  left("HarmfulQA, DangerousQA", "public", [250, 213, 138]),
  left("persuasion topics", "public", [250, 153, 84]),
  left("own requests", "own", [250, 205, 117]),
  left("own requests, cyber", "own", [250, 169, 59]),
  left("own requests, harm", "own", [250, 174, 67]),
  left("own requests, influence", "own", [250, 190, 85]),
  left("own requests, more (a)", "own", [250, 178, 62]),
  left("own requests, more (b)", "own", [250, 158, 53]),
  left("own twins", "own", [250, 128, 33]),
  left("jailbreaks in the wild, by cluster", "public", [250, 232, 155]),
  left("jailbreak templates", "public", [101, 74, 57]),
  left("own jailbreaks, by family", "own", [250, 107, 23]),
  left("own planted orders", "own", [99, 8, 1]),
];
