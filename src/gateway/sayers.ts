// On whose word a verdict rests: which safeguard of the chain found what decided it, or could not say anything. For the record, so
// that whoever asks why a request was stopped learns by what.
import { stricter } from "../policy/decide.ts";
import type { Chain } from "../safeguards/chain.ts";
import type { Finding, Inspection, Surface, Verdict } from "../terms/finding.ts";

/** Of each side, the strictest verdict so far and the safeguard's place in its document; undefined where it was none by itself. */
export type Sayers = Partial<Record<Surface, { readonly verdict: Verdict; readonly place: number | undefined }>>;

interface Said {
  readonly inspection: Inspection;
  readonly verdict: Verdict;
  readonly surface: Surface;
}

interface Means {
  readonly chain: Pick<Chain, "placeOf">;
  /** What policy says of one finding by itself. */
  readonly decideOne: (finding: Finding) => Verdict;
}

/** Takes down who said what the verdict rests on, where it is stricter than those before. */
export function noteSayer(sayers: Sayers, { inspection, verdict, surface }: Said, means: Means): void {
  const before = sayers[surface];
  if (before !== undefined && stricter(before.verdict, verdict) === before.verdict) return;
  const said = inspection.kind === "unknown" ? inspection : decisive(inspection.findings, verdict, means);
  const place = said?.detector === undefined ? undefined : means.chain.placeOf({ ...said, detector: said.detector });
  sayers[surface] = { verdict, place };
}

function decisive(findings: readonly Finding[], verdict: Verdict, { decideOne }: Means): Finding | undefined {
  return findings.find((finding) => {
    const one = decideOne(finding);
    return one.kind === verdict.kind && "category" in verdict && finding.category === verdict.category;
  });
}

/** As receipts have it. */
export function placesOf({ input, output }: Sayers): { readonly input?: number; readonly output?: number } | undefined {
  if (input?.place === undefined && output?.place === undefined) return undefined;
  return {
    ...(input?.place === undefined ? {} : { input: input.place }),
    ...(output?.place === undefined ? {} : { output: output.place }),
  };
}
