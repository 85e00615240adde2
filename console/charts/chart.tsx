// The frame of a chart: what it shows in a title and a sentence, the drawing, and the same as a table for those who cannot use
// the drawing. Prints as it stands.
import { type ReactNode, useId, useState } from "react";
import { Button } from "../parts/button.tsx";
import { words } from "../words/words.ts";
import styles from "./chart.module.css";

export interface ChartProps extends Omit<ChartFrameProps, "children"> {
  /** Half as wide as a page, so that two stand side by side. */
  readonly isHalf?: boolean;
  /** Inside an svg of `width` by `height` units. */
  readonly children: ReactNode;
  readonly width: number;
  readonly height: number;
}

export function Chart({ children, width, height, isHalf, ...frame }: ChartProps): ReactNode {
  return (
    <ChartFrame {...frame}>
      {(named) => (
        <svg
          className={isHalf === true ? styles.half : undefined}
          viewBox={`0 0 ${width} ${height}`}
          role="img"
          aria-labelledby={named}
        >
          {children}
        </svg>
      )}
    </ChartFrame>
  );
}

export interface ChartFrameProps {
  readonly title: string;
  /** What the drawing says, in a sentence. */
  readonly description: string;
  /** The drawing, named by the elements of these ids. */
  readonly children: (named: string) => ReactNode;
  /** The same figures as a table. */
  readonly table: ReactNode;
  /** It fits any width by itself, and is not scrolled. */
  readonly isFluid?: boolean;
}

export function ChartFrame({ title, description, children, table, isFluid }: ChartFrameProps): ReactNode {
  const id = useId();
  const [isTable, setTable] = useState(false);
  const box = isFluid === true ? {} : { className: styles.box, tabIndex: 0 };
  return (
    <figure className={styles.chart} aria-labelledby={`${id}-title`}>
      <figcaption className={styles.caption}>
        <div>
          <h3 id={`${id}-title`}>{title}</h3>
          <p id={`${id}-text`} className={styles.text}>
            {description}
          </p>
        </div>
        <Button
          small
          onPress={() => {
            setTable(!isTable);
          }}
        >
          {isTable ? words.parts.chart.asChart : words.parts.chart.asTable}
        </Button>
      </figcaption>
      {isTable ? (
        table
      ) : (
        <div {...box} role="group" aria-labelledby={`${id}-title`}>
          {children(`${id}-title ${id}-text`)}
        </div>
      )}
    </figure>
  );
}
