// The page at /organisations/NAME: what it may use, what it used and was refused, and its keys, with the acts on each.
import { createLazyRoute } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { resumedOrganisation } from "../../../src/acts/key-bodies.ts";
import { type GrantView, OrganisationView, organisationRoutes } from "../../../src/control/contract-organisations.ts";
import { pathOf } from "../../../src/control/contract-paths.ts";
import { Failure } from "../../../src/terms/failure.ts";
import { useView } from "../../app/reads.ts";
import { Button } from "../../parts/button.tsx";
import { classes } from "../../parts/classes.ts";
import { DataTable } from "../../parts/data-table.tsx";
import { DigestText } from "../../parts/digest-text.tsx";
import { Facts } from "../../parts/facts.tsx";
import { Go } from "../../parts/go.tsx";
import { Notice } from "../../parts/notice.tsx";
import { Page } from "../../parts/page.tsx";
import { Problem } from "../../parts/problem.tsx";
import { Section } from "../../parts/section.tsx";
import { Share } from "../../parts/share.tsx";
import { Time } from "../../parts/time.tsx";
import { useAct } from "../../signing/acts.tsx";
import { limitsInWords } from "../../words/limits.ts";
import { numberInWords } from "../../words/format.ts";
import { NeedsRole } from "../../signing/needs-role.tsx";
import { useMay } from "../../signing/role.ts";
import { StopDialog } from "../../signing/stop-dialog.tsx";
import { words } from "../../words/words.ts";
import { Keys } from "./keys.tsx";
import { OrganisationForm } from "./organisation-form.tsx";
import styles from "./organisations.module.css";
import { OneParams, OneSearch } from "./search.ts";
import { Usage } from "./usage.tsx";

export const page = createLazyRoute("/organisations/$name")({ component: OrganisationPage });

const said = words.organisations.one;

function OrganisationPage(): ReactNode {
  const { name } = OneParams.parse(page.useParams());
  const { edit } = OneSearch.parse(page.useSearch());
  const navigate = page.useNavigate();
  const view = useView(pathOf(organisationRoutes.organisation, { organisation: name }), OrganisationView);
  const editing = (on: boolean): void =>
    void navigate({ to: "/organisations/$name", params: { name }, search: on ? { edit: "this" } : {} });
  if (view.data === undefined)
    return (
      <Page title={name}>
        {view.error === null ? null : <Problem failure={view.error} retry={() => void view.refetch()} />}
      </Page>
    );
  if (edit === "this")
    return (
      <OrganisationForm
        known={view.data}
        onLeave={() => {
          editing(false);
        }}
      />
    );
  return (
    <One
      view={view.data}
      onEdit={() => {
        editing(true);
      }}
    />
  );
}

interface OneProps {
  readonly view: OrganisationView;
  readonly onEdit: () => void;
}

function One({ view, onEdit }: OneProps): ReactNode {
  const { organisation, suspended } = view;
  const [isStopping, setStopping] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const act = useAct();
  const may = useMay();
  const resume = async (): Promise<void> => {
    const end = await act({
      verb: "organisation",
      prepare: (state) => {
        const known = state.organisations.get(view.organisation);
        if (known === undefined) throw new Failure("not_found", said.gone);
        return { body: resumedOrganisation(known) };
      },
    });
    setFailure(end.failure ?? null);
  };
  return (
    <Page
      title={organisation}
      lead={<Go href={`/organisations/${encodeURIComponent(organisation)}/why`}>{said.why}</Go>}
      actions={
        <>
          {may("organisation") ? <Button onPress={onEdit}>{said.edit}</Button> : null}
          {suspended && may("organisation") ? <Button onPress={() => void resume()}>{said.resume}</Button> : null}
          {suspended || !may("suspend") ? null : (
            <Button
              kind="danger"
              onPress={() => {
                setStopping(true);
              }}
            >
              {said.suspend}
            </Button>
          )}
          <NeedsRole of={["organisation", "suspend"]} />
        </>
      }
    >
      {suspended ? (
        <Notice kind="danger" title={said.suspendedTitle}>
          <p>{said.suspendedText}</p>
        </Notice>
      ) : null}
      {failure === null ? null : <Problem failure={failure} />}
      <About view={view} />
      <Grants grants={view.grants} />
      <Usage view={view} />
      <Keys view={view} />
      <StopDialog
        of={
          isStopping
            ? { target: { kind: "organisation", organisation }, texts: words.organisations.key.stops.organisation }
            : undefined
        }
        onClose={() => {
          setStopping(false);
        }}
      />
    </Page>
  );
}

function About({ view }: Pick<OneProps, "view">): ReactNode {
  const { type, country, purpose, limits, document, at, lastSeen } = view;
  const all = words.organisations;
  const limited = limitsInWords(limits);
  return (
    <Facts
      facts={[
        { name: said.facts.type, value: type },
        { name: said.facts.country, value: country ?? all.noCountry },
        { name: said.facts.purpose, value: purpose ?? all.noPurpose },
        { name: said.facts.limits, value: limited === "" ? said.noLimits : limited },
        { name: said.facts.lastSeen, value: lastSeen === null ? all.neverSeen : all.lastDay(lastSeen) },
        { name: said.facts.at, value: <Time at={at} /> },
        { name: said.facts.document, value: <DigestText value={document.digest} /> },
      ]}
    />
  );
}

function Grants({ grants }: Pick<OrganisationView, "grants">): ReactNode {
  const { columns, ...texts } = said.grants;
  return (
    <Section title={texts.title} lead={texts.lead}>
      <DataTable
        caption={texts.caption}
        rows={grants}
        keyOf={({ model }) => model}
        hrefOf={({ model }) => `/release/${encodeURIComponent(model)}`}
        empty={<p>{texts.none}</p>}
        columns={[
          { id: "model", title: columns.model, cell: ({ model }) => model, value: ({ model }) => model },
          { id: "stage", title: columns.stage, cell: ({ stage }) => stage, value: ({ stage }) => stage },
          {
            id: "scopes",
            title: columns.scopes,
            cell: ({ scopes }) => (scopes.length === 0 ? words.parts.none : scopes.join(", ")),
            value: ({ scopes }) => scopes.join(" "),
          },
          {
            id: "requests",
            title: columns.requests,
            align: "end",
            cell: ({ requestsPerMinute }) => numberInWords(requestsPerMinute),
            value: ({ requestsPerMinute }) => requestsPerMinute,
          },
          {
            id: "used",
            title: columns.used,
            align: "end",
            cell: ({ today, tokensPerDay }) => <Share count={today.tokens} of={tokensPerDay} />,
            value: ({ today }) => today.tokens,
          },
          { id: "end", title: columns.end, cell: (grant) => <End grant={grant} />, value: ({ notAfter }) => notAfter },
        ]}
        save={{ name: "grants" }}
      />
      {grants.some(({ endDue }) => endDue !== null) ? <p>{texts.renew}</p> : null}
    </Section>
  );
}

function End({ grant: { notAfter, endsInDays, endDue } }: { readonly grant: GrantView }): ReactNode {
  const warning = endDue === 0 ? said.grants.ended : said.grants.endsIn(endsInDays);
  return (
    <>
      <Time at={notAfter} as="day" />
      {endDue === null ? null : (
        <>
          {" · "}
          <strong className={classes(endDue === 0 ? styles.over : styles.due)}>{warning}</strong>
        </>
      )}
    </>
  );
}
