// The one list: by urgency, a row a matter, each one sentence and one action.
import type { ReactNode } from "react";
import { type Need, type NeedsView, Urgency } from "../../../src/control/contract-needs.ts";
import { Code } from "../../parts/code.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Go } from "../../parts/go.tsx";
import { useNow } from "../../parts/now.ts";
import { Section } from "../../parts/section.tsx";
import { Time } from "../../parts/time.tsx";
import { classes } from "../../parts/classes.ts";
import { matterInWords } from "../../words/home.ts";
import { words } from "../../words/words.ts";
import styles from "./home.module.css";

export function NeedList({ view }: { readonly view: NeedsView }): ReactNode {
  const { needs, left } = view;
  if (needs.length === 0) return <Empty title={words.home.nothing} next={<Next next={view.next} />} />;
  return (
    <Section title={words.home.list}>
      {needs.some(({ mine }) => mine) ? null : (
        <p className={styles.calm}>
          {words.home.nothing}. <Next next={view.next} />
        </p>
      )}
      {Urgency.options.map((urgency) => (
        <Group key={urgency} urgency={urgency} needs={needs.filter((need) => need.urgency === urgency)} />
      ))}
      {left === 0 ? null : <p className={styles.calm}>{words.home.left(left)}</p>}
    </Section>
  );
}

function Group({ urgency, needs }: { readonly urgency: Urgency; readonly needs: readonly Need[] }): ReactNode {
  if (needs.length === 0) return null;
  return (
    <div className={styles.group}>
      <h3 className={classes(styles.urgency, styles[urgency])}>{words.home.urgency[urgency]}</h3>
      <ul className={styles.needs}>
        {needs.map((need) => (
          <NeedRow key={need.id} need={need} />
        ))}
      </ul>
    </div>
  );
}

function NeedRow({ need }: { readonly need: Need }): ReactNode {
  const said = matterInWords(need, useNow());
  return (
    <li className={styles.need}>
      <div className={styles.said}>
        <p>{said.sentence}</p>
        <p className={styles.who}>
          {need.mine ? <strong>{words.home.yours}</strong> : words.home.others(need.who)}
          {need.since === null ? null : (
            <>
              {" · "}
              <Time at={need.since} />
            </>
          )}
        </p>
      </div>
      <span className={classes(styles.action, need.mine && styles.mine)}>
        {"command" in said ? <Code text={said.command} what={said.action} /> : <Go href={said.href}>{said.action}</Go>}
      </span>
    </li>
  );
}

function Next({ next }: Pick<NeedsView, "next">): ReactNode {
  if (next === null) return words.home.nothingNext;
  return (
    <span>
      {words.home.nextEvent[next.kind](next.organisation ?? next.model ?? "")} <Time at={next.at} />.
    </span>
  );
}
