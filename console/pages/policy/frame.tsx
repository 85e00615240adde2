// What the three pages of policy and safeguards share: which model, the way to the other two, and what decides about it.
import { useNavigate, useSearch } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { pathOf } from "../../../src/control/contract-paths.ts";
import { HoldsView, holdRoutes } from "../../../src/control/contract-hold.ts";
import { RulesView, policyRoutes } from "../../../src/control/contract-policy.ts";
import { useView } from "../../app/reads.ts";
import { Choice } from "../../parts/choice.tsx";
import { Code } from "../../parts/code.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Go } from "../../parts/go.tsx";
import { Page } from "../../parts/page.tsx";
import { Problem } from "../../parts/problem.tsx";
import { words } from "../../words/words.ts";
import styles from "./policy.module.css";

type Where = "/policy" | "/policy/safeguards" | "/policy/try";

interface PolicyFrameProps {
  readonly here: Where;
  readonly title: string;
  readonly lead: string;
  readonly children: (rules: RulesView) => ReactNode;
}

export function PolicyFrame({ here, title, lead, children }: PolicyFrameProps): ReactNode {
  const models = useView(holdRoutes.holds, HoldsView);
  const { model: asked } = useSearch({ strict: false });
  const names = models.data?.choices.models.map(({ model }) => model) ?? [];
  const model = names.find((name) => name === asked) ?? names[0];
  const said = words.policy;
  return (
    <Page title={title} lead={lead} actions={<ModelChoice here={here} names={names} model={model} />}>
      <Parts here={here} model={model} />
      {models.isError ? <Problem failure={models.error} retry={() => void models.refetch()} /> : null}
      {models.data !== undefined && model === undefined ? (
        <Empty title={said.noModel} next={<Code text={said.noModelNext} />} />
      ) : null}
      {model === undefined ? null : <Rules model={model}>{children}</Rules>}
    </Page>
  );
}

interface RulesProps {
  readonly model: string;
  readonly children: PolicyFrameProps["children"];
}

function Rules({ model, children }: RulesProps): ReactNode {
  const rules = useView(pathOf(policyRoutes.rules, { model }), RulesView);
  if (rules.isError) return <Problem failure={rules.error} retry={() => void rules.refetch()} />;
  if (rules.data === undefined) return <p role="status">{words.parts.loading}</p>;
  return children(rules.data);
}

interface ModelChoiceProps {
  readonly here: Where;
  readonly names: readonly string[];
  readonly model: string | undefined;
}

function ModelChoice({ here, names, model }: ModelChoiceProps): ReactNode {
  const navigate = useNavigate();
  if (model === undefined || names.length < 2) return null;
  return (
    <Choice
      label={words.policy.model}
      value={model}
      options={names.map((name) => ({ value: name, text: name }))}
      onChange={(name) => {
        void navigate({ to: here, search: { model: name } });
      }}
    />
  );
}

function Parts({ here, model }: { readonly here: Where; readonly model: string | undefined }): ReactNode {
  const { pages } = words.policy;
  const query = model === undefined ? "" : `?model=${encodeURIComponent(model)}`;
  const parts = [
    { to: "/policy", name: pages.rules },
    { to: "/policy/safeguards", name: pages.safeguards },
    { to: "/policy/try", name: pages.try },
  ] as const;
  return (
    <nav className={styles.parts} aria-label={pages.label}>
      {parts.map(({ to, name }) => (
        <span key={to} aria-current={to === here ? "page" : undefined}>
          {to === here ? name : <Go href={`${to}${query}`}>{name}</Go>}
        </span>
      ))}
    </nav>
  );
}
