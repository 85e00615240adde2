// The page at /organisations: the list, filtered, sorted and paged by the server, all of it in the address; and one box that
// explains a refusal by its id.
import { createLazyRoute } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { pathOf } from "../../../src/control/contract-paths.ts";
import {
  type OrganisationSummary,
  OrganisationsView,
  organisationRoutes,
} from "../../../src/control/contract-organisations.ts";
import { everyPage } from "../../app/every-page.ts";
import { useView } from "../../app/reads.ts";
import { ask } from "../../app/server.ts";
import { Button } from "../../parts/button.tsx";
import { Choice } from "../../parts/choice.tsx";
import { type Column, DataTable, type Sort } from "../../parts/data-table.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Field } from "../../parts/field.tsx";
import { Page } from "../../parts/page.tsx";
import { Problem } from "../../parts/problem.tsx";
import { Time } from "../../parts/time.tsx";
import { NeedsRole } from "../../signing/needs-role.tsx";
import { useMay } from "../../signing/role.ts";
import { percentInWords } from "../../words/format.ts";
import { words } from "../../words/words.ts";
import { Explain } from "./explain.tsx";
import { OrganisationForm } from "./organisation-form.tsx";
import styles from "./organisations.module.css";
import { ListSearch } from "./search.ts";

export const page = createLazyRoute("/organisations")({ component: OrganisationsPage });

const said = words.organisations;
const pageRows = 50;
const allRows = 200;

function OrganisationsPage(): ReactNode {
  const search = ListSearch.parse(page.useSearch());
  const navigate = page.useNavigate();
  const change = (changes: Partial<ListSearch>): void => {
    void navigate({ to: "/organisations", search: { ...search, after: undefined, ...changes }, replace: true });
  };
  const may = useMay();
  const view = useView(pathFor(search, pageRows, search.after?.at(-1)), OrganisationsView);
  if (search.edit === "new")
    return (
      <OrganisationForm
        known={undefined}
        onLeave={() => {
          change({ edit: undefined });
        }}
      />
    );
  return (
    <Page
      title={said.title}
      lead={said.lead}
      actions={
        may("organisation") ? (
          <Button
            kind="primary"
            onPress={() => {
              change({ edit: "new" });
            }}
          >
            {said.add}
          </Button>
        ) : (
          <NeedsRole of={["organisation"]} />
        )
      }
    >
      <Filters search={search} types={view.data?.types ?? []} onChange={change} />
      {view.error === null ? null : <Problem failure={view.error} retry={() => void view.refetch()} />}
      {view.data === undefined ? null : <List view={view.data} search={search} onChange={change} />}
      <Explain
        id={search.id}
        onAsk={(id) => {
          change({ id, after: search.after });
        }}
      />
    </Page>
  );
}

function pathFor(search: ListSearch, limit: number, after: string | undefined): string {
  const { q, type, country, state, sort, order } = search;
  const asked = { q, type, country, state, sort, order, after, limit: String(limit) };
  const query = new URLSearchParams(
    Object.entries(asked).flatMap(([name, value]) => (value === undefined || value === "" ? [] : [[name, value]])),
  );
  return `${pathOf(organisationRoutes.organisations)}?${query.toString()}`;
}

interface FiltersProps {
  readonly search: ListSearch;
  readonly types: readonly string[];
  readonly onChange: (changes: Partial<ListSearch>) => void;
}

function Filters({ search, types, onChange }: FiltersProps): ReactNode {
  const [q, setQ] = useState(search.q ?? "");
  const { filter } = said;
  const states = (["all", "active", "suspended", "ending", "ended"] as const).map((value) => ({
    value,
    text: filter.states[value],
  }));
  return (
    <form
      className={styles.filters}
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        onChange({ q: q || undefined });
      }}
    >
      <Field
        label={filter.q}
        type="search"
        value={q}
        maxLength={100}
        onChange={(value) => {
          setQ(value);
          onChange({ q: value || undefined });
        }}
      />
      <Choice
        label={filter.type}
        value={search.type ?? ""}
        options={[{ value: "", text: filter.any }, ...types.map((type) => ({ value: type, text: type }))]}
        onChange={(type) => {
          onChange({ type: type || undefined });
        }}
      />
      <Choice
        label={filter.state}
        value={search.state ?? "all"}
        options={states}
        onChange={(state) => {
          onChange({ state: state === "all" ? undefined : state });
        }}
      />
    </form>
  );
}

interface ListProps {
  readonly view: OrganisationsView;
  readonly search: ListSearch;
  readonly onChange: (changes: Partial<ListSearch>) => void;
}

function List({ view, search, onChange }: ListProps): ReactNode {
  const before = search.after ?? [];
  const from = before.length * pageRows;
  const { next } = view;
  const isFiltered = [search.q, search.type, search.country, search.state].some((one) => one !== undefined);
  return (
    <DataTable
      caption={said.caption}
      columns={columns}
      rows={view.organisations}
      keyOf={({ organisation }) => organisation}
      hrefOf={({ organisation }) => `/organisations/${encodeURIComponent(organisation)}`}
      sort={{ column: search.sort ?? "name", direction: search.order === "down" ? "descending" : "ascending" }}
      onSort={(sort) => {
        onChange(sortedBy(sort));
      }}
      paging={{
        shown: said.shown(from + 1, from + view.organisations.length, view.total),
        next:
          next === null
            ? undefined
            : () => {
                onChange({ after: [...before, next] });
              },
        previous:
          before.length === 0
            ? undefined
            : () => {
                onChange({ after: before.length === 1 ? undefined : before.slice(0, -1) });
              },
      }}
      save={{ name: "organisations", all: async () => wholeFilter(search) }}
      empty={
        isFiltered ? (
          <Empty title={said.emptyFilter} next={said.emptyFilterNext} />
        ) : (
          <Empty title={said.empty} next={said.emptyNext} />
        )
      }
    />
  );
}

const sorts = ["name", "type", "country", "ends", "used", "seen"] as const;

function sortedBy({ column, direction }: Sort): Partial<ListSearch> {
  return { sort: sorts.find((one) => one === column), order: direction === "descending" ? "down" : "up" };
}

async function wholeFilter(search: ListSearch): Promise<readonly OrganisationSummary[]> {
  return everyPage(async (after: string | undefined) => {
    const { organisations, next } = await ask(pathFor(search, allRows, after), OrganisationsView);
    return { rows: organisations, next };
  });
}

const columns: readonly Column<OrganisationSummary>[] = [
  {
    id: "name",
    title: said.columns.name,
    isSortable: true,
    cell: ({ organisation }) => organisation,
    value: ({ organisation }) => organisation,
  },
  {
    id: "type",
    title: said.columns.type,
    isSortable: true,
    cell: ({ type, suspended }) => (suspended ? `${type} · ${said.suspended}` : type),
    value: ({ type }) => type,
  },
  {
    id: "country",
    title: said.columns.country,
    isSortable: true,
    cell: ({ country }) => country ?? said.noCountry,
    value: ({ country }) => country,
  },
  {
    id: "purpose",
    title: said.columns.purpose,
    cell: ({ purpose }) => <span className={styles.purpose}>{purpose ?? said.noPurpose}</span>,
    value: ({ purpose }) => purpose,
  },
  {
    id: "grants",
    title: said.columns.grants,
    cell: ({ grants }) => grantsInWords(grants),
    value: ({ grants }) => grantsInWords(grants),
  },
  {
    id: "ends",
    title: said.columns.ends,
    isSortable: true,
    cell: ({ grants }) => {
      const [first] = grants.map(({ notAfter }) => notAfter).toSorted();
      return first === undefined ? words.parts.none : <Time at={first} as="day" />;
    },
    value: ({ grants }) => grants.map(({ notAfter }) => notAfter).toSorted()[0] ?? null,
  },
  {
    id: "keys",
    title: said.columns.keys,
    cell: ({ keys }) => said.keysOf(keys.active, keys.all),
    value: ({ keys }) => keys.active,
  },
  {
    id: "used",
    title: said.columns.used,
    isSortable: true,
    align: "end",
    cell: ({ today, usedPart }) =>
      usedPart === null ? said.usedOf(today.tokens) : `${said.usedOf(today.tokens)} (${percentInWords(usedPart)})`,
    value: ({ today }) => today.tokens,
  },
  {
    id: "seen",
    title: said.columns.seen,
    isSortable: true,
    cell: ({ lastSeen }) => (lastSeen === null ? said.neverSeen : said.lastDay(lastSeen)),
    value: ({ lastSeen }) => lastSeen,
  },
];

function grantsInWords(grants: OrganisationSummary["grants"]): string {
  return grants.length === 0 ? said.noGrants : grants.map(({ model, stage }) => said.grantOf(model, stage)).join(", ");
}
