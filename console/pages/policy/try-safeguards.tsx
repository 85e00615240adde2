// What looked at a text: each safeguard of the chain, whether it ran, what it found, and its scores against its thresholds.
import type { ReactNode } from "react";
import type { TriedSafeguard, TryView } from "../../../src/control/contract-policy.ts";
import { Chart } from "../../charts/chart.tsx";
import { DataTable } from "../../parts/data-table.tsx";
import { durationInWords } from "../../words/format.ts";
import { words } from "../../words/words.ts";
import styles from "./try.module.css";

export function TrySafeguards({ view }: { readonly view: TryView }): ReactNode {
  const { safeguards: said } = words.tryText.result;
  const columns: Parameters<typeof DataTable<TriedSafeguard>>[0]["columns"] = [
    { id: "name", title: said.name, cell: ({ name, declared }) => (declared ? `${name} (${said.declared})` : name) },
    { id: "did", title: said.did, cell: (one) => didWords(one, view) },
    { id: "found", title: said.found, cell: (one) => <Found safeguard={one} /> },
    {
      id: "took",
      title: said.took,
      align: "end",
      cell: ({ ms }) => (ms === null ? words.parts.none : durationInWords(ms)),
    },
  ];
  return (
    <>
      <DataTable caption={said.caption} columns={columns} rows={view.safeguards} keyOf={({ place }) => String(place)} />
      <div className={styles.scores}>
        {view.safeguards.map((one) => (one.scores.length === 0 ? null : <Scores key={one.place} safeguard={one} />))}
      </div>
    </>
  );
}

function didWords({ did, cause, mode }: TriedSafeguard, { side }: TryView): string {
  const { safeguards: said } = words.tryText.result;
  const modeWords = mode === "block" ? "" : said.mode(words.policy.chain.modes[mode]);
  switch (did) {
    case "ran":
      return `${said.ran}${modeWords}`;
    case "off":
      return said.off;
    case "other-side":
      return said["other-side"][side];
    case "not-asked":
      return said["not-asked"];
    case "unknown":
      return said.unknown(cause === null ? "" : words.tryText.causes[cause]);
  }
}

function Found({ safeguard: { did, findings } }: { readonly safeguard: TriedSafeguard }): ReactNode {
  const { safeguards: said } = words.tryText.result;
  if (did !== "ran") return words.parts.none;
  if (findings.length === 0) return said.nothing;
  return (
    <div className={styles.found}>
      {findings.map(({ category, score, pattern, detector, band }) => (
        <span key={`${detector} ${pattern ?? ""} ${category} ${band}`}>
          {said.finding(words.policy.category[category], scoreText(score))}
        </span>
      ))}
    </div>
  );
}

function scoreText(score: number): string {
  return score.toFixed(3);
}

const row = 22;
const left = 190;
const track = 420;
const width = left + track + 60;

type Score = TriedSafeguard["scores"][number];

/** Highest first: how near each comes to its threshold. */
function Scores({ safeguard: { name, scores } }: { readonly safeguard: TriedSafeguard }): ReactNode {
  const said = words.tryText.result.scores;
  const names = words.policy.category;
  const shown = scores.toSorted((one, other) => other.score - one.score);
  const [first] = shown;
  if (first === undefined) return null;
  const limit = first.block === null ? words.parts.none : scoreText(first.block);
  return (
    <Chart
      title={said.title(name)}
      description={said.lead(names[first.category], scoreText(first.score), limit)}
      width={width}
      height={row * shown.length + 8}
      table={
        <DataTable
          caption={said.title(name)}
          columns={scoreColumns()}
          rows={shown}
          keyOf={({ category }) => category}
        />
      }
    >
      {shown.map((one, at) => (
        <ScoreBar key={one.category} score={one} y={at * row + 4} />
      ))}
    </Chart>
  );
}

function ScoreBar({
  score: { category, score, review, block },
  y,
}: {
  readonly score: Score;
  readonly y: number;
}): ReactNode {
  const isOver = score >= (review ?? block ?? Number.POSITIVE_INFINITY);
  const at = (share: number): number => left + track * Math.min(1, share);
  return (
    <g>
      <text x={left - 8} y={y + 13} textAnchor="end" className={styles.label}>
        {words.policy.category[category]}
      </text>
      <rect x={left} y={y + 4} width={track} height={10} className={styles.track} />
      <rect
        x={left}
        y={y + 4}
        width={Math.max(1, track * score)}
        height={10}
        className={isOver ? styles.over : styles.bar}
      />
      {review === null ? null : (
        <line x1={at(review)} x2={at(review)} y1={y + 1} y2={y + 17} className={styles.early} />
      )}
      {block === null ? null : <line x1={at(block)} x2={at(block)} y1={y + 1} y2={y + 17} className={styles.limit} />}
      <text x={left + track + 8} y={y + 13} className={styles.faint}>
        {scoreText(score)}
      </text>
    </g>
  );
}

function scoreColumns(): Parameters<typeof DataTable<Score>>[0]["columns"] {
  const said = words.tryText.result.scores;
  return [
    { id: "category", title: said.category, cell: ({ category }) => words.policy.category[category] },
    { id: "score", title: said.score, align: "end", cell: ({ score }) => scoreText(score) },
    { id: "review", title: said.review, align: "end", cell: ({ review }) => limitText(review) },
    { id: "block", title: said.block, align: "end", cell: ({ block }) => limitText(block) },
    { id: "reached", title: said.reached, cell: reachedWords },
  ];
}

function limitText(limit: number | null): string {
  return limit === null ? words.parts.none : scoreText(limit);
}

function reachedWords({ score, review, block }: Score): string {
  const said = words.tryText.result.scores;
  if (block !== null && score >= block) return said.stop;
  return review !== null && score >= review ? said.forReview : said.below;
}
