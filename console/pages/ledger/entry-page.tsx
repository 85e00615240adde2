// The page at /ledger/$entry: what happened, who signed, whether its proof holds, what it says, what else is about the same, and
// the files by which others check it.
import { useQuery } from "@tanstack/react-query";
import { createLazyRoute } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { z } from "zod";
import { sentenceOf } from "../../../src/acts/act-words.ts";
import { type Authority, authority } from "../../../src/acts/authority.ts";
import { emptyState } from "../../../src/acts/state.ts";
import type { Act } from "../../../src/acts/statement.ts";
import { LedgerEntryView, ledgerRoutes } from "../../../src/control/contract-ledger.ts";
import { pathOf } from "../../../src/control/contract-paths.ts";
import { DeploymentView, routes } from "../../../src/control/contract.ts";
import { fromBase64 } from "../../../src/proof/encoding.ts";
import { Failure } from "../../../src/terms/failure.ts";
import { ask } from "../../app/server.ts";
import { DataTable } from "../../parts/data-table.tsx";
import { DigestText } from "../../parts/digest-text.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Notice } from "../../parts/notice.tsx";
import { Page } from "../../parts/page.tsx";
import { Problem } from "../../parts/problem.tsx";
import { Section } from "../../parts/section.tsx";
import { trustIn } from "../../signing/trust.ts";
import { numberInWords } from "../../words/format.ts";
import { words } from "../../words/words.ts";
import { Downloads } from "./downloads.tsx";
import { EntryFields } from "./entry-fields.tsx";
import { type CheckedEntry, checkEntry } from "./entry-proof.ts";
import styles from "./ledger.module.css";
import { signerName, withNames } from "./people.ts";
import { RowsTable } from "./rows-table.tsx";
import { Steps } from "./steps.tsx";

export const page = createLazyRoute("/ledger/$entry")({ component: EntryPage });

const said = words.ledger.entry;

const Params = z.object({
  entry: z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number),
});

function EntryPage(): ReactNode {
  const index = Params.safeParse(page.useParams()).data?.entry;
  if (index === undefined)
    return (
      <Page title={words.ledger.title}>
        <Empty title={said.notNumber} next={words.ledger.lead} />
      </Page>
    );
  return <Entry index={index} />;
}

interface Read extends CheckedEntry {
  readonly view: LedgerEntryView;
}

function Entry({ index }: { readonly index: number }): ReactNode {
  const { data, error, refetch } = useQuery({
    queryKey: ["entry", index],
    queryFn: async ({ signal }) => readEntry(index, signal),
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
  });
  const title = said.title(numberInWords(index));
  if (error !== null)
    return (
      <Page title={title}>
        <Problem
          failure={error}
          retry={() => {
            void refetch();
          }}
        />
      </Page>
    );
  if (data === undefined) return <Page title={title} lead={said.loading} />;
  const { act, view } = data;
  const sentence = act === undefined ? undefined : withNames(sentenceOf(act, emptyState()), view.people);
  return (
    <Page title={title} lead={sentence}>
      {act === undefined ? <Notice kind="danger" title={said.unreadable} /> : null}
      {view.refused === null ? null : (
        <Notice kind="warning" title={said.refused}>
          <p>{view.refused}</p>
        </Notice>
      )}
      <Proof read={data} />
      {act === undefined ? null : <Signers act={act} view={view} />}
      {act === undefined ? null : <EntryFields act={act} openings={view.openings} people={view.people} />}
      <Related view={view} />
      <Downloads view={view} act={act} />
    </Page>
  );
}

async function readEntry(index: number, signal: AbortSignal): Promise<Read> {
  const { deployment, firstRoot } = await ask(routes.deployment, DeploymentView, { signal });
  const trust = await trustIn(deployment, firstRoot);
  const from = trust.checkpoint === null ? "" : `?from=${trust.checkpoint.size}`;
  const [view, first] = await Promise.all([
    ask(pathFor(index) + from, LedgerEntryView, { signal }),
    ask(pathFor(0), LedgerEntryView, { signal }),
  ]);
  if (view.index !== index) throw new Failure("proof_invalid", said.another(view.index));
  return { view, ...(await checkEntry({ view, first: fromBase64(first.envelope) ?? new Uint8Array(0), trust })) };
}

function pathFor(index: number): string {
  return pathOf(ledgerRoutes.ledgerEntry, { index: String(index) });
}

function Proof({ read: { view, steps } }: { readonly read: Read }): ReactNode {
  const failed = steps.filter(({ result }) => result === "fail");
  const text = said.holds(numberInWords(view.index), numberInWords(view.size));
  return (
    <Section title={said.proof}>
      <div role="status">
        {failed.length === 0 ? (
          <Notice kind="done" title={text} />
        ) : (
          <Notice kind="danger" title={said.fails}>
            <p>{said.failing(failed.map(({ name }) => name).join(", "))}</p>
          </Notice>
        )}
      </div>
      <Steps steps={steps} />
    </Section>
  );
}

function Signers({ act, view }: { readonly act: Act; readonly view: LedgerEntryView }): ReactNode {
  const rows = act.signers.map(
    (key) => view.signers.find((one) => one.key === key) ?? { key, person: null, role: null, server: null },
  );
  return (
    <Section title={said.signed} lead={said.signedLead}>
      <DataTable
        caption={said.signedTable}
        rows={rows}
        keyOf={({ key }) => key}
        columns={[
          { id: "name", title: said.signers.name, cell: (one) => signerName(one, view.people, act.predicate.verb) },
          { id: "key", title: said.signers.key, cell: ({ key }) => <DigestText value={key} /> },
        ]}
      />
      <p className={styles.quiet}>{authorityInWords(authority[act.predicate.verb])}</p>
    </Section>
  );
}

function authorityInWords({ by, roles, loosens }: Authority): string {
  const all = words.ledger.authorities;
  const among = roles.length === 0 || by === "root" ? "" : all.roles(roles);
  return `${all[by]}${among}.${loosens ? all.loosens : all.tightens}`;
}

function Related({ view }: { readonly view: LedgerEntryView }): ReactNode {
  return (
    <Section title={said.related} lead={view.related.length === 0 ? said.noneRelated : said.relatedLead}>
      {view.related.length === 0 ? null : (
        <RowsTable caption={said.relatedTable} rows={view.related} people={view.people} />
      )}
    </Section>
  );
}
