// Lines of our own that training held back, one wording of each, so that rows are independent.
import { type Judge, all } from "./judge.ts";
import type { Part, Report } from "./report.ts";
import { type OwnRow, goalsOf } from "./rows.ts";
import { type Everyday, pastLevel, stoppedOf } from "./sets.ts";

interface File {
  readonly name: string;
  readonly part: Part;
  readonly isIn: (row: OwnRow) => boolean;
}

const files: readonly File[] = [
  { name: "harmful goals", part: "misuse", isIn: (row) => row.label === "harmful" && !isAttack(row) },
  { name: "jailbreaks", part: "attack", isIn: (row) => row.label === "harmful" && isAttack(row) },
  { name: "look-alikes and twins", part: "look-alike", isIn: (row) => row.label === "benign" && !isEveryday(row) },
  { name: "everyday", part: "everyday", isIn: (row) => row.label === "benign" && isEveryday(row) },
];

function isAttack({ source }: OwnRow): boolean {
  return source.includes("jailbreaks");
}

function isEveryday({ source }: OwnRow): boolean {
  return source.includes("everyday");
}

export async function measureOwn(judge: Judge, rows: readonly OwnRow[], everyday: Everyday): Promise<Report["own"]> {
  const firsts = goalsOf(rows).flatMap(([first]) => first ?? []);
  const results = [];
  for (const { name, part, isIn } of files) {
    const judged = await all(firsts.filter(isIn), async ({ text }) => judge.request(text));
    const shares = { stopped: stoppedOf(judged), atEveryday: pastLevel(judged, everyday.level) };
    results.push({ name, part, rows: judged.length, ...shares });
  }
  return results;
}
