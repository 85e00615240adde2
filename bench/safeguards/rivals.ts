// What others publish, or were measured to do, on sets that are measured here too. None of it was measured by this command; each
// says what stands between it and a like-for-like comparison.
import { rateOf } from "../../src/statistics/share.ts";
import type { Report } from "./report.ts";

export interface Rival {
  readonly name: string;
  /** Share flagged by set and label. */
  readonly flagged: Readonly<Record<string, number>>;
}

/**
 * Three packages as they are at their own thresholds, on at most 600 rows of each set, and hashed n-grams with logistic regression, trained on
 * the same rows as the shipped detector, at 1 % of the everyday requests. Measured once, on 2026-11-23, on the same sets.
 */
export const packages: readonly Rival[] = [
  {
    name: "n-grams, 1 % of everyday",
    flagged: {
      "strongreject harmful": 0.64,
      "harmbench_behaviours harmful": 0.46,
      "simplesafetytests harmful": 0.44,
      "tense_reformulations harmful": 0.64,
      "xstest_prompts harmful": 0.45,
      "cyberseceval_interpreter harmful": 0.94,
      "cyberseceval_spear_phishing_half_a harmful": 0.09,
      "redcode_exec_requests harmful": 0.004,
      "bipia_email_test harmful": 0.91,
      "bipia_email_test benign": 0.84,
      "clinc150_everyday_val_test benign": 0.005,
      "banking77_support_test benign": 0,
      "gsm8k_test benign": 0,
      "mt_bench_vicuna_bench benign": 0.12,
      "self_instruct_user_oriented benign": 0.09,
      "truthfulqa_questions benign": 0.06,
      "xstest_prompts benign": 0.18,
      "cyberseceval_frr benign": 0.26,
      "role_prompts_third_b benign": 0.04,
    },
  },
  {
    name: "vard 1.2.0 (npm, rules)",
    flagged: {
      "strongreject harmful": 0,
      "harmbench_behaviours harmful": 0,
      "simplesafetytests harmful": 0,
      "tense_reformulations harmful": 0,
      "xstest_prompts harmful": 0,
      "cyberseceval_interpreter harmful": 0.01,
      "cyberseceval_spear_phishing_half_a harmful": 0,
      "redcode_exec_requests harmful": 0,
      "bipia_email_test harmful": 0,
      "bipia_email_test benign": 0,
      "clinc150_everyday_val_test benign": 0,
      "banking77_support_test benign": 0,
      "gsm8k_test benign": 0,
      "mt_bench_vicuna_bench benign": 0.05,
      "self_instruct_user_oriented benign": 0.01,
      "truthfulqa_questions benign": 0,
      "xstest_prompts benign": 0,
      "cyberseceval_frr benign": 0,
      "role_prompts_third_b benign": 0.57,
    },
  },
  {
    name: "llm_guardrail 2.1.2 (npm, learnt)",
    flagged: {
      "strongreject harmful": 0.53,
      "harmbench_behaviours harmful": 0.67,
      "simplesafetytests harmful": 0.49,
      "tense_reformulations harmful": 0.37,
      "xstest_prompts harmful": 0.14,
      "cyberseceval_interpreter harmful": 0.99,
      "cyberseceval_spear_phishing_half_a harmful": 0.94,
      "redcode_exec_requests harmful": 1,
      "bipia_email_test harmful": 0.99,
      "bipia_email_test benign": 1,
      "clinc150_everyday_val_test benign": 0.29,
      "banking77_support_test benign": 0.37,
      "gsm8k_test benign": 0.03,
      "mt_bench_vicuna_bench benign": 0.2,
      "self_instruct_user_oriented benign": 0.31,
      "truthfulqa_questions benign": 0.07,
      "xstest_prompts benign": 0.11,
      "cyberseceval_frr benign": 0.98,
      "role_prompts_third_b benign": 0.73,
    },
  },
];

export interface Published {
  readonly name: string;
  /** F1 in per cent, from the Qwen3Guard report (tables 2, 11 and 12) and the model's own card. */
  readonly simpleSafetyTests?: string;
  readonly harmBench?: string;
  readonly moderation?: string;
  readonly xstestAnswers?: string;
  /** F1, and the share of safe prompts that is flagged. */
  readonly xstestPrompts?: string;
}

/** Language models of 0.6 to 27 thousand million parameters, on graphics cards. */
export const published: readonly Published[] = [
  {
    name: "Llama Guard 3 8B",
    simpleSafetyTests: "99.5",
    harmBench: "99.0",
    moderation: "79.5",
    xstestAnswers: "89.8",
    xstestPrompts: "88.4, 4.4 flagged",
  },
  { name: "Llama Guard 4 12B", simpleSafetyTests: "98.0", harmBench: "97.2", moderation: "73.5" },
  { name: "WildGuard 7B", simpleSafetyTests: "99.5", harmBench: "98.9", moderation: "72.1", xstestAnswers: "94.7" },
  {
    name: "ShieldGemma 9B / 27B",
    simpleSafetyTests: "83.7 / 84.4",
    harmBench: "60.6 / 57.3",
    moderation: "82.1 / 80.5",
  },
  { name: "Nemotron Safety Guard 8B", simpleSafetyTests: "98.5", harmBench: "75.2", moderation: "81.0" },
  { name: "PolyGuard-Qwen 7B", simpleSafetyTests: "100", harmBench: "98.7", moderation: "74.1" },
  {
    name: "Qwen3Guard-Gen 0.6B, strict / loose",
    simpleSafetyTests: "99.0 / 95.8",
    harmBench: "98.7 / 96.1",
    moderation: "66.5 / 77.6",
  },
  {
    name: "Qwen3Guard-Gen 8B, strict / loose",
    simpleSafetyTests: "99.5 / 97.4",
    harmBench: "100 / 98.5",
    moderation: "68.8 / 81.3",
    xstestAnswers: "92.1 / 93.7",
  },
];

/** Ours at two places, in the same unit: by the shipped documents, and at 1 % of everyday requests or, of answers, at a benign rate of 2 %. */
export function oursPublished({ sets, rates }: Report): readonly Published[] {
  const find = (set: string, label: string): Report["sets"][number] | undefined =>
    sets.find((one) => one.set === set && one.label === label);
  const wide = rates.indexOf(0.02);
  const f1Of = (set: string, isWide: boolean): string => {
    const [harmful, benign] = [find(set, "harmful"), find(set, "benign")];
    if (harmful === undefined) return "–";
    const flagged = (one: Report["sets"][number] | undefined): number => {
      if (one === undefined) return 0;
      if (!isWide) return one.stopped.count;
      return one.atEveryday?.count ?? one.flagged[wide] ?? 0;
    };
    const [hits, alarms] = [flagged(harmful), flagged(benign)];
    return ((200 * hits) / (hits + alarms + harmful.of)).toFixed(1);
  };
  const alarmsOf = (isWide: boolean): string => {
    const safe = find("xstest_prompts", "benign");
    const share = isWide ? safe?.atEveryday : safe?.stopped;
    return share === null || share === undefined ? "–" : (100 * rateOf(share)).toFixed(1);
  };
  return (
    [
      ["Headgate, as shipped", false],
      ["Headgate, at 1 % of everyday requests; answers at 2 %", true],
    ] as const
  ).map(([name, isWide]) => ({
    name,
    simpleSafetyTests: f1Of("simplesafetytests", isWide),
    harmBench: f1Of("harmbench_behaviours", isWide),
    moderation: f1Of("openai_moderation", isWide),
    xstestAnswers: f1Of("xstest_completions", isWide),
    xstestPrompts: `${f1Of("xstest_prompts", isWide)}, ${alarmsOf(isWide)} flagged`,
  }));
}
