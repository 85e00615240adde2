// The operating curves of a safeguard's card, requests and answers apart: sets together, or each set by itself, with what is in force here
// marked on each.
import { type ReactNode, useState } from "react";
import type { SafeguardFigures } from "../../../src/control/contract-policy.ts";
import { Roc, RocKey, type RocCurve, type RocPoint } from "../../charts/roc.tsx";
import { Choice } from "../../parts/choice.tsx";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { percentInWords } from "../../words/format.ts";
import { safeguardCards } from "../../words/safeguard-cards.ts";
import styles from "./policy.module.css";

type Curve = SafeguardFigures["curves"][number];
type Point = Curve["points"][number];

const said = safeguardCards.curves;

interface CardCurvesProps {
  readonly figures: SafeguardFigures;
  /** At which this deployment stops. */
  readonly rate: number | undefined;
  /** Some categories have narrower rates. */
  readonly isNarrower: boolean;
}

export function CardCurves({ figures: { curves }, ...now }: CardCurvesProps): ReactNode {
  return (["input", "output"] as const).map((side) => {
    const here = curves.filter((curve) => curve.side === side);
    return here.length === 0 ? null : <Side key={side} side={side} curves={here} {...now} />;
  });
}

interface SideProps extends Omit<CardCurvesProps, "figures"> {
  readonly side: Curve["side"];
  readonly curves: readonly Curve[];
}

function Side({ side, curves, rate, isNarrower }: SideProps): ReactNode {
  const [view, setView] = useState<Curve["of"]>("together");
  const shown = curves.filter(({ of }) => of === view);
  const hasSets = curves.some(({ of }) => of === "set");
  const drawn = shown.map((curve, at) => drawnOf(curve, at, rate));
  return (
    <div className={styles.chart}>
      {hasSets ? (
        <Choice
          label={said.view}
          value={view}
          options={[
            { value: "together", text: said.together },
            { value: "set", text: said.set },
          ]}
          onChange={setView}
        />
      ) : null}
      <Roc
        title={said.title[side]}
        description={`${leadOf(curves, rate)}${isNarrower && side === "input" ? ` ${said.onePoint}` : ""}`}
        curves={drawn}
        across={said.across}
        up={said.up}
        table={<Points title={said.title[side]} curves={shown} />}
      />
      <ul className={styles.legend}>
        {shown.map((curve, at) => (
          <li key={curve.name + curve.against}>
            <RocKey tone={toneOf(curve)} />
            <strong>{letterOf(at)}</strong>
            <span>{said.legend(nameOf(curve), curve)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function letterOf(at: number): string {
  return String.fromCodePoint(65 + at);
}

function nameOf({ name, seen }: Curve): string {
  return seen === null ? name : `${name} (${safeguardCards.seen[seen]})`;
}

function toneOf({ seen, against }: Curve): RocCurve["tone"] {
  if (against === "look-alikes") return "dotted";
  if (seen === null) return "faint";
  return seen === "left-out" ? "solid" : "dashed";
}

function drawnOf(curve: Curve, at: number, rate: number | undefined): RocCurve {
  const now = nearest(curve, rate);
  return {
    letter: letterOf(at),
    name: curve.name,
    tone: toneOf(curve),
    points: curve.points.map((point) => pointOf(curve, point)),
    now: now === undefined ? undefined : pointOf(curve, now),
  };
}

function pointOf({ harmful, harmless }: Curve, { caught, refused }: Point): RocPoint {
  return {
    caught: { ...caught, share: shareOf(caught.count, harmful) },
    refused: { ...refused, share: shareOf(refused.count, harmless) },
  };
}

function shareOf(count: number, of: number): number {
  return of === 0 ? 0 : count / of;
}

/** Further from a point than this, by the logarithm, there is none to speak of. */
const nearMax = Math.log(1.15);

/** The point at a rate; between two points the nearer one, which is what is said. */
function nearest({ points }: Curve, rate: number | undefined): Point | undefined {
  if (rate === undefined) return undefined;
  const away = ({ rate: of }: Point): number => Math.abs(Math.log(of / rate));
  const [first] = points.toSorted((one, other) => away(one) - away(other));
  return first === undefined || away(first) > nearMax ? undefined : first;
}

function leadOf(curves: readonly Curve[], rate: number | undefined): string {
  const together = curves.filter(({ of }) => of === "together");
  const main = together.find(({ seen }) => seen === "left-out") ?? together[0];
  const point = main === undefined ? undefined : nearest(main, rate);
  if (main === undefined || point === undefined) return said.noPoint;
  return said.lead(
    point.rate,
    { found: safeguardCards.share({ ...point.caught, of: main.harmful }), what: nameOf(main) },
    { refused: safeguardCards.share({ ...point.refused, of: main.harmless }), against: main.against },
  );
}

interface Row {
  readonly id: string;
  readonly letter: string;
  readonly curve: Curve;
  readonly point: Point;
}

function Points({ title, curves }: { readonly title: string; readonly curves: readonly Curve[] }): ReactNode {
  const rows = curves.flatMap((curve, at) =>
    curve.points.map((point): Row => ({ id: `${at} ${point.rate}`, letter: letterOf(at), curve, point })),
  );
  return <DataTable caption={title} columns={columns} rows={rows} keyOf={({ id }) => id} save={{ name: "curves" }} />;
}

const columns: readonly Column<Row>[] = [
  {
    id: "name",
    title: said.name,
    cell: ({ letter, curve }) => `${letter}  ${curve.name}`,
    value: ({ curve }) => curve.name,
  },
  {
    id: "seen",
    title: said.what,
    cell: ({ curve: { seen } }) => (seen === null ? safeguardCards.mixed : safeguardCards.seen[seen]),
    value: ({ curve: { seen } }) => seen,
  },
  { id: "against", title: said.against, cell: ({ curve }) => curve.against, value: ({ curve }) => curve.against },
  {
    id: "rate",
    title: said.rate,
    align: "end",
    cell: ({ point }) => percentInWords(point.rate),
    value: ({ point }) => point.rate,
  },
  {
    id: "caught",
    title: said.caught,
    align: "end",
    cell: ({ curve, point }) => safeguardCards.share({ ...point.caught, of: curve.harmful }),
    value: ({ curve, point }) => shareOf(point.caught.count, curve.harmful),
  },
  {
    id: "refused",
    title: said.refused,
    align: "end",
    cell: ({ curve, point }) => safeguardCards.share({ ...point.refused, of: curve.harmless }),
    value: ({ curve, point }) => shareOf(point.refused.count, curve.harmless),
  },
];
