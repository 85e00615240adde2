// The frame of a chart: what it shows in a title and a sentence, the drawing, and the same as a table for those who cannot use
// the drawing. Prints as it stands.
import { type ReactNode, useId, useState } from "react";
import { Button } from "../parts/button.tsx";
import { words } from "../words/words.ts";
import styles from "./chart.module.css";

export interface ChartProps {
  readonly title: string;
  /** What the drawing says, in a sentence. */
  readonly description: string;
  /** Inside an svg of `width` by `height` units. */
  readonly children: ReactNode;
  readonly width: number;
  readonly height: number;
  /** The same figures as a table. */
  readonly table: ReactNode;
}

export function Chart({ title, description, children, width, height, table }: ChartProps): ReactNode {
  const id = useId();
  const [isTable, setTable] = useState(false);
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
        <div className={styles.box} tabIndex={0} role="group" aria-labelledby={`${id}-title`}>
          <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-labelledby={`${id}-title ${id}-text`}>
            {children}
          </svg>
        </div>
      )}
    </figure>
  );
}
