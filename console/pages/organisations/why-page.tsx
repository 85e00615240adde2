// The page at /organisations/NAME/why: what a key would get now, every check in order with the first that refuses marked.
import { createLazyRoute } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import {
  type CheckView,
  OrganisationView,
  WhyView,
  organisationRoutes,
} from "../../../src/control/contract-organisations.ts";
import { pathOf } from "../../../src/control/contract-paths.ts";
import { useView } from "../../app/reads.ts";
import { Button } from "../../parts/button.tsx";
import { Choice } from "../../parts/choice.tsx";
import { DataTable } from "../../parts/data-table.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Field } from "../../parts/field.tsx";
import { Go } from "../../parts/go.tsx";
import { Notice } from "../../parts/notice.tsx";
import { Page } from "../../parts/page.tsx";
import { Problem } from "../../parts/problem.tsx";
import { Section } from "../../parts/section.tsx";
import { Time } from "../../parts/time.tsx";
import { Verdict } from "../../parts/verdict.tsx";
import { numberInWords } from "../../words/format.ts";
import { words } from "../../words/words.ts";
import styles from "./organisations.module.css";
import { OneParams, WhySearch } from "./search.ts";

export const page = createLazyRoute("/organisations/$name/why")({ component: WhyPage });

const said = words.organisations.why;

function WhyPage(): ReactNode {
  const { name } = OneParams.parse(page.useParams());
  const search = WhySearch.parse(page.useSearch());
  const navigate = page.useNavigate();
  const view = useView(pathOf(organisationRoutes.organisation, { organisation: name }), OrganisationView);
  const back = <Go href={`/organisations/${encodeURIComponent(name)}`}>{said.back}</Go>;
  if (view.error !== null || view.data === undefined)
    return (
      <Page title={said.title} lead={back}>
        {view.error === null ? null : <Problem failure={view.error} retry={() => void view.refetch()} />}
      </Page>
    );
  const { keyList, grants } = view.data;
  const key = search.key ?? keyList.at(-1)?.key;
  const model = search.model ?? grants[0]?.model;
  return (
    <Page title={said.title} lead={said.lead} actions={back}>
      {keyList.length === 0 ? (
        <Empty title={said.noKeys} next={said.noKeysNext} />
      ) : (
        <Question
          view={view.data}
          asked={{ ...search, key, model }}
          onAsk={(asked) =>
            void navigate({ to: "/organisations/$name/why", params: { name }, search: asked, replace: true })
          }
        />
      )}
      {key === undefined || model === undefined ? null : <Answer name={name} asked={{ ...search, key, model }} />}
    </Page>
  );
}

interface QuestionProps {
  readonly view: OrganisationView;
  readonly asked: WhySearch;
  readonly onAsk: (asked: WhySearch) => void;
}

const formats = ["any", "chat", "responses", "messages", "embeddings"] as const;

function Question({ view, asked, onAsk }: QuestionProps): ReactNode {
  const [from, setFrom] = useState(asked.from ?? "");
  const [model, setModel] = useState(asked.model ?? "");
  return (
    <form
      className={styles.filters}
      onSubmit={(event) => {
        event.preventDefault();
        onAsk({ ...asked, from: from.trim() || undefined, model: model.trim() || undefined });
      }}
    >
      <Choice
        label={said.key}
        value={asked.key ?? ""}
        options={view.keyList.map(({ key }) => ({ value: key, text: key }))}
        onChange={(key) => {
          onAsk({ ...asked, key });
        }}
      />
      <Field label={said.model} value={model} onChange={setModel} maxLength={64} />
      <Choice
        label={said.format}
        value={formats.find((one) => one === asked.format) ?? "any"}
        options={formats.map((value) => ({ value, text: said.formats[value] }))}
        onChange={(format) => {
          onAsk({ ...asked, format: format === "any" ? undefined : format });
        }}
      />
      <Field label={said.from} value={from} onChange={setFrom} maxLength={64} placeholder={said.fromHelp} />
      <Button type="submit">{said.ask}</Button>
    </form>
  );
}

function Answer({ name, asked }: { readonly name: string; readonly asked: WhySearch }): ReactNode {
  const query = new URLSearchParams(
    Object.entries(asked).flatMap(([part, value]) => (value === undefined ? [] : [[part, value]])),
  );
  const path = `${pathOf(organisationRoutes.why, { organisation: name })}?${query.toString()}`;
  const view = useView(path, WhyView);
  if (view.error !== null) return <Problem failure={view.error} retry={() => void view.refetch()} />;
  if (view.data === undefined) return null;
  const { answer, checks, limits } = view.data;
  return (
    <>
      <div aria-live="polite">
        {answer.kind === "open" ? (
          <Notice kind="done" title={said.open}>
            <p>{said.openText}</p>
          </Notice>
        ) : (
          <Notice kind="danger" title={said.refused(answer.status, answer.code)}>
            <p>{answer.sentence}</p>
          </Notice>
        )}
      </div>
      <Checks checks={checks} first={answer.kind === "open" ? undefined : answer.check} />
      {limits.length === 0 ? null : <DailyLimits limits={limits} />}
    </>
  );
}

interface ChecksProps {
  readonly checks: readonly CheckView[];
  readonly first: string | undefined;
}

const shown = { passes: "pass", refuses: "fail", "not-asked": "not-asked" } as const;
const worded = { passes: said.passes, refuses: said.refuses, "not-asked": said.notAsked } as const;

function Checks({ checks, first }: ChecksProps): ReactNode {
  const names: Readonly<Record<string, string>> = said.checks;
  return (
    <DataTable
      caption={said.caption}
      rows={checks}
      keyOf={({ name }) => name}
      columns={[
        {
          id: "check",
          title: said.columns.check,
          cell: ({ name }) => names[name] ?? name,
          value: ({ name }) => name,
        },
        {
          id: "verdict",
          title: said.columns.verdict,
          cell: ({ name, verdict }) => (
            <>
              <Verdict value={shown[verdict]} word={worded[verdict]} />
              {name === first ? <strong>{` · ${said.first}`}</strong> : null}
            </>
          ),
          value: ({ verdict }) => verdict,
        },
        {
          id: "told",
          title: said.columns.told,
          cell: ({ sentence, opensAt }) => (
            <>
              {sentence}
              {opensAt === null ? null : (
                <>
                  {` ${said.opens} `}
                  <Time at={opensAt} as="moment" />
                </>
              )}
            </>
          ),
          value: ({ sentence }) => sentence,
        },
      ]}
    />
  );
}

function DailyLimits({ limits }: Pick<WhyView, "limits">): ReactNode {
  return (
    <Section title={said.limits}>
      <DataTable
        caption={said.limitsCaption}
        rows={limits}
        keyOf={({ of }) => of}
        columns={[
          { id: "of", title: said.limitColumns.of, cell: ({ of }) => said.limitOf[of] },
          { id: "used", title: said.limitColumns.used, cell: ({ used }) => numberInWords(used), align: "end" },
          { id: "limit", title: said.limitColumns.limit, cell: ({ limit }) => numberInWords(limit), align: "end" },
        ]}
      />
    </Section>
  );
}
