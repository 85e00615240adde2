// What stops a model or makes it stricter: holds, restrictions, incidents, a break-glass; and what one may do about each.
import { type ReactNode, useState } from "react";
import { limitInWords } from "../../../src/acts/act-words.ts";
import type { Limit } from "../../../src/acts/bodies.ts";
import { reviewingRoles } from "../../../src/acts/rules/break-glass.ts";
import type { StatusView } from "../../../src/control/contract.ts";
import { Category } from "../../../src/terms/finding.ts";
import type { HoldId } from "../../../src/terms/ids.ts";
import { Choice } from "../../parts/choice.tsx";
import { Field } from "../../parts/field.tsx";
import { Section } from "../../parts/section.tsx";
import { Time } from "../../parts/time.tsx";
import { useAct } from "../../signing/acts.tsx";
import { words } from "../../words/words.ts";
import { prepareGlassReview, prepareProposal, prepareRestriction } from "./prepare.ts";
import { useRole, whyNot } from "../../signing/role.ts";
import { ReasonedAct } from "./reasoned-act.tsx";
import styles from "./release.module.css";

const said = words.release.stops;
const acts = words.release.acts;

export function Stops({ status }: { readonly status: StatusView }): ReactNode {
  const { holds, restrictions, incidents, breakGlass } = status;
  const areNone = holds.length + restrictions.length + incidents.length === 0 && breakGlass === null;
  return (
    <Section id="stops" title={said.title} actions={<Restrict status={status} />}>
      {areNone ? <p className={styles.soft}>{said.none}</p> : null}
      <ul className={styles.rows}>
        {holds.map((one) => (
          <Stop
            key={one.hold}
            text={said.hold(one.callers ?? (one.stage === undefined ? said.model : said.from(one.stage)))}
            id={one.hold}
            since={one.at}
          >
            <Reopen status={status} holds={[one.hold]} lifts={[]} />
          </Stop>
        ))}
        {restrictions.map((one) => (
          <Stop
            key={one.restriction}
            text={`${said.restriction}: ${limitInWords(one.limit)}.${one.reviewDue ? ` ${said.due}` : ""}`}
            id={one.restriction}
            since={one.at}
          >
            <Reopen status={status} holds={[]} lifts={[one.restriction]} />
          </Stop>
        ))}
        {incidents.map((one) => (
          <Stop key={one.incident} text={said.incident(one.severity)} id={one.incident} since={one.at} />
        ))}
      </ul>
      {breakGlass === null || breakGlass.open ? null : <ReviewGlass status={status} glass={breakGlass} />}
    </Section>
  );
}

interface StopProps {
  readonly text: string;
  readonly id: string;
  readonly since: string;
  readonly children?: ReactNode;
}

function Stop({ text, id, since, children }: StopProps): ReactNode {
  return (
    <li className={styles.stop}>
      <div>
        <p>{text}</p>
        <p className={styles.soft}>
          <code>{id}</code> · {said.since} <Time at={since} as="moment" />
        </p>
      </div>
      {children}
    </li>
  );
}

interface ReopenProps {
  readonly status: StatusView;
  readonly holds: readonly HoldId[];
  readonly lifts: readonly HoldId[];
}

/** What was certified is proposed again; what was never certified takes a proposal of its own, which answers the hold. */
function Reopen({ status: { model, certified }, holds, lifts }: ReopenProps): ReactNode {
  const act = useAct();
  const role = useRole();
  if (certified === null) return null;
  const isLift = lifts.length > 0;
  return (
    <ReasonedAct
      label={isLift ? acts.lift : acts.resume}
      title={isLift ? acts.liftTitle : acts.resumeTitle}
      text={acts.resumeText}
      why={whyNot(role, "proposal")}
      submit={async (reason) =>
        act({
          verb: "proposal",
          prepare: async (state) =>
            prepareProposal(state, { model, stage: certified.stage, slot: "in-force", reason, holds, lifts }),
        })
      }
    />
  );
}

function Restrict({ status: { model } }: { readonly status: StatusView }): ReactNode {
  const act = useAct();
  const role = useRole();
  const [kind, setKind] = useState<Limit["kind"]>("output-tokens");
  const [tokens, setTokens] = useState("");
  const [category, setCategory] = useState<Category>("cyber");
  const max = /^[1-9]\d{0,6}$/.test(tokens) ? Number(tokens) : undefined;
  const limit: Limit | undefined =
    kind === "category-prohibited" ? { kind, category } : max === undefined ? undefined : { kind, max };
  return (
    <ReasonedAct
      label={acts.restrict}
      title={acts.restrictTitle}
      text={acts.restrictText}
      why={whyNot(role, "restriction")}
      isReady={limit !== undefined}
      fields={
        <>
          <Choice
            label={acts.restrictKind}
            value={kind}
            options={[
              { value: "output-tokens", text: acts.outputTokens },
              { value: "category-prohibited", text: acts.prohibit },
            ]}
            onChange={setKind}
          />
          {kind === "output-tokens" ? (
            <Field
              label={acts.tokens}
              value={tokens}
              onChange={setTokens}
              wrong={tokens !== "" && max === undefined ? acts.tokensWrong : undefined}
            />
          ) : (
            <Choice
              label={acts.category}
              value={category}
              options={Category.options.map((one) => ({ value: one, text: one }))}
              onChange={setCategory}
            />
          )}
        </>
      }
      submit={async (reason) => {
        if (limit === undefined) return { kind: "declined" };
        return act({ verb: "restriction", prepare: () => prepareRestriction(model, limit, reason) });
      }}
    />
  );
}

type Glass = NonNullable<StatusView["breakGlass"]>;

function ReviewGlass({
  status: { model },
  glass: { glass },
}: {
  readonly status: StatusView;
  readonly glass: Glass;
}): ReactNode {
  const act = useAct();
  const role = useRole();
  const [finding, setFinding] = useState<"justified" | "unjustified">("justified");
  return (
    <ReasonedAct
      label={acts.review}
      title={acts.glassTitle}
      text={acts.glassText}
      why={whyNot(role, "fact", { roles: reviewingRoles, of: "break-glass-review" })}
      fields={
        <Choice
          label={acts.finding}
          value={finding}
          options={[
            { value: "justified", text: acts.justified },
            { value: "unjustified", text: acts.unjustified },
          ]}
          onChange={setFinding}
        />
      }
      submit={async (summary) =>
        act({ verb: "fact", prepare: () => prepareGlassReview({ model, glass, finding, summary }) })
      }
    />
  );
}
