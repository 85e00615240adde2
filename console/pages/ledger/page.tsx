// The page at /ledger: one search, filters, entries newest first; or a receipt that is checked here.
import { createLazyRoute, useNavigate } from "@tanstack/react-router";
import { type ReactNode, useEffect, useState } from "react";
import { type LedgerRow, LedgerView, ledgerRoutes } from "../../../src/control/contract-ledger.ts";
import { ReceiptId } from "../../../src/terms/ids.ts";
import { everyPage } from "../../app/every-page.ts";
import { useView } from "../../app/reads.ts";
import { ask } from "../../app/server.ts";
import { Button } from "../../parts/button.tsx";
import { Choice } from "../../parts/choice.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Field } from "../../parts/field.tsx";
import type { Paging } from "../../parts/data-table.tsx";
import { Page } from "../../parts/page.tsx";
import { Problem } from "../../parts/problem.tsx";
import { words } from "../../words/words.ts";
import styles from "./ledger.module.css";
import { ReceiptPanel } from "./receipt-panel.tsx";
import { RowsTable } from "./rows-table.tsx";
import { LedgerSearch } from "./search.ts";

export const page = createLazyRoute("/ledger")({ component: LedgerPage });

const said = words.ledger;
const refreshMs = 5_000;
const allRows = "200";

function LedgerPage(): ReactNode {
  const search = withoutBareId(LedgerSearch.parse(page.useSearch()));
  const navigate = useNavigate();
  const go = (next: LedgerSearch): void => {
    void navigate({ to: "/ledger", search: next });
  };
  return (
    <Page title={said.title} lead={said.lead}>
      <SearchForm key={JSON.stringify(search)} search={search} go={go} />
      {search.receipt === undefined ? <Entries search={search} go={go} /> : <ReceiptPanel text={search.receipt} />}
    </Page>
  );
}

/** Where a receipt is named and not given there is nothing to check yet: the entry that has it is looked for. */
function withoutBareId({ receipt, ...search }: LedgerSearch): LedgerSearch {
  if (receipt === undefined) return search;
  return ReceiptId.safeParse(receipt).success ? { ...search, q: receipt } : { ...search, receipt };
}

interface Parts {
  readonly search: LedgerSearch;
  readonly go: (next: LedgerSearch) => void;
}

const dayForm = /^\d{4}-\d\d-\d\d$/;

function SearchForm({ search, go }: Parts): ReactNode {
  const [text, setText] = useState(search.receipt ?? search.q ?? "");
  const [verb, setVerb] = useState(search.verb ?? "");
  const [since, setSince] = useState(search.since ?? "");
  const [until, setUntil] = useState(search.until ?? "");
  const isNarrowed = Object.values(search).some((value) => value !== undefined);
  const send = (): void => {
    const typed = text.trim();
    if (typed.includes("hgr1.")) go({ receipt: /hgr1\.[A-Za-z0-9_.-]+/.exec(typed)?.[0] });
    else if (isDay(since) && isDay(until)) go(filled({ q: typed, verb, since, until }));
  };
  return (
    <form
      className={styles.form}
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <div className={styles.box}>
        <Field
          label={said.search.label}
          help={said.search.help}
          type="search"
          value={text}
          onChange={setText}
          maxLength={4_200}
        />
        <div className={styles.buttons}>
          <Button kind="primary" type="submit">
            {said.search.button}
          </Button>
          {isNarrowed ? (
            <Button
              onPress={() => {
                go({});
              }}
            >
              {said.search.clear}
            </Button>
          ) : null}
        </div>
      </div>
      <div className={styles.filters}>
        <Choice
          label={said.search.verb}
          value={verb}
          options={[{ value: "", text: said.anyVerb }, ...said.verbs]}
          onChange={(chosen) => {
            setVerb(chosen);
            if (isDay(since) && isDay(until)) go(filled({ q: text.trim(), verb: chosen, since, until }));
          }}
        />
        <DayField label={said.search.since} value={since} onChange={setSince} />
        <DayField label={said.search.until} value={until} onChange={setUntil} />
      </div>
    </form>
  );
}

interface DayFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

function DayField({ label, value, onChange }: DayFieldProps): ReactNode {
  const wrong = isDay(value) ? undefined : said.search.wrongDay;
  return <Field label={label} value={value} onChange={onChange} wrong={wrong} maxLength={10} help={said.search.day} />;
}

function isDay(text: string): boolean {
  return text === "" || (dayForm.test(text) && Number.isFinite(Date.parse(text)));
}

/** Without what is empty, so that an address says only what narrows. */
function filled(search: Readonly<Record<string, string>>): LedgerSearch {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== ""));
}

interface OfPage {
  readonly before: string | undefined;
  readonly limit?: string;
}

function pathFor({ q, verb, since, until }: LedgerSearch, { before, limit }: OfPage): string {
  const end = until === undefined ? undefined : `${until}T23:59:59.999Z`;
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ q, verb, since, until: end, before, limit }))
    if (value !== undefined) query.set(name, value);
  const text = query.toString();
  return text === "" ? ledgerRoutes.ledger : `${ledgerRoutes.ledger}?${text}`;
}

function Entries({ search, go }: Parts): ReactNode {
  const before = pagesOf(search).at(-1);
  // Older pages stay what they are; the newest is read again while it is shown.
  const { data, error, refetch } = useView(
    pathFor(search, { before }),
    LedgerView,
    before === undefined ? { refreshMs } : {},
  );
  const last = useLast(data);
  if (error !== null)
    return (
      <Problem
        failure={error}
        retry={() => {
          void refetch();
        }}
      />
    );
  const view = data ?? last;
  if (view === undefined) return <p className={styles.quiet}>{words.parts.loading}</p>;
  return (
    <>
      <Found view={view} />
      <RowsTable
        caption={said.table}
        rows={view.rows}
        people={view.people}
        empty={<Empty title={said.noneTitle} next={said.none} />}
        save={{ name: "ledger", all: async () => wholeFilter(search) }}
        paging={pagingOf(view, { search, go })}
      />
    </>
  );
}

async function wholeFilter(search: LedgerSearch): Promise<readonly LedgerRow[]> {
  return everyPage(async (before: number | undefined) =>
    ask(pathFor(search, { before: before === undefined ? undefined : String(before), limit: allRows }), LedgerView),
  );
}

function pagesOf({ pages }: LedgerSearch): readonly string[] {
  return pages?.split(",") ?? [];
}

function pagingOf({ rows, next, size }: LedgerView, { search, go }: Parts): Paging {
  const pages = pagesOf(search);
  const goTo = (trail: readonly string[]): void => {
    const { pages: _, ...rest } = search;
    go(trail.length === 0 ? rest : { ...rest, pages: trail.join(",") });
  };
  return {
    shown: said.shown(rows.at(-1)?.first ?? 0, rows[0]?.last ?? 0, size),
    next:
      next === null
        ? undefined
        : () => {
            goTo([...pages, String(next)]);
          },
    previous:
      pages.length === 0
        ? undefined
        : () => {
            goTo(pages.slice(0, -1));
          },
  };
}

function Found({ view }: { readonly view: LedgerView }): ReactNode {
  if (view.matches === null) return null;
  return (
    <p className={styles.quiet} role="status">
      {said.found(view.matches)} {view.searchedFrom > 0 ? said.searchedFrom(view.searchedFrom) : null}
    </p>
  );
}

/** What was shown before, while something else is fetched: the page does not jump. */
function useLast<T>(data: T | undefined): T | undefined {
  const [last, setLast] = useState<T | undefined>(data);
  useEffect(() => {
    if (data !== undefined) setLast(data);
  }, [data]);
  return last;
}
