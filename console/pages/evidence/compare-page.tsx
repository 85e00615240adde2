// The page at /evidence/compare: two runs of one suite, the difference in a sentence first, both directions counted, and only what came
// out otherwise.
import { createLazyRoute } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { CompareView, evidenceRoutes } from "../../../src/control/contract-evidence.ts";
import { pathOf } from "../../../src/control/contract-paths.ts";
import { useView } from "../../app/reads.ts";
import { DataTable } from "../../parts/data-table.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Go } from "../../parts/go.tsx";
import { Num } from "../../parts/num.tsx";
import { Page } from "../../parts/page.tsx";
import { Problem } from "../../parts/problem.tsx";
import { Section } from "../../parts/section.tsx";
import { Verdict } from "../../parts/verdict.tsx";
import { words } from "../../words/words.ts";
import styles from "./evidence.module.css";
import { CompareSearch, queryOf } from "./search.ts";

export const page = createLazyRoute("/evidence/compare")({ component: ComparePage });

const said = words.evidence.compare;
const pageRows = 100;

function ComparePage(): ReactNode {
  const { a = "", b = "", from = 0 } = CompareSearch.parse(page.useSearch());
  const isNamed = a !== "" && b !== "";
  const path = pathOf(evidenceRoutes.evidenceCompare, { digest: a, other: b });
  const view = useView(path + queryOf({ after: from, limit: pageRows }), CompareView, { enabled: isNamed });
  const actions = isNamed ? <Go href={`/evidence/compare${queryOf({ a: b, b: a })}`}>{said.swap}</Go> : undefined;
  return (
    <Page title={said.title} lead={said.lead} actions={actions}>
      {isNamed ? null : <Empty title={said.choose} next={<Go href="/evidence">{said.chooseNext}</Go>} />}
      {view.error === null ? null : <Problem failure={view.error} retry={() => void view.refetch()} />}
      {view.data === undefined ? null : <Compared view={view.data} from={from} />}
    </Page>
  );
}

interface ComparedProps {
  readonly view: CompareView;
  readonly from: number;
}

function Compared({ view, from }: ComparedProps): ReactNode {
  return (
    <div className={styles.stack}>
      <Sentences view={view} />
      <Runs view={view} />
      <Directions view={view} />
      <Categories view={view} />
      <Differences view={view} from={from} />
    </div>
  );
}

function Sentences({ view }: { readonly view: CompareView }): ReactNode {
  const { counts, difference, interval, p, unknown, apart } = view;
  const { both, onlyOne, onlyOther, neither } = counts;
  const { lower, upper } = interval;
  const shown = lower > 0 ? said.more : upper < 0 ? said.less : said.neither;
  return (
    <div className={styles.tight}>
      <p className={styles.headline}>
        {said.sentence({
          one: both + onlyOne,
          other: both + onlyOther,
          of: both + onlyOne + onlyOther + neither,
          both,
        })}
      </p>
      <p className={styles.headline}>
        {difference === null ? said.nothing : `${said.difference(difference, lower, upper)}: ${shown} (${said.p(p)}).`}
      </p>
      {unknown === 0 ? null : <p className={styles.prose}>{said.unknown(unknown)}</p>}
      {apart === 0 ? null : <p className={styles.prose}>{said.apart(apart)}</p>}
    </div>
  );
}

function Runs({ view: { one, other } }: { readonly view: CompareView }): ReactNode {
  return (
    <dl className={styles.facts}>
      {[
        { name: said.first, row: one },
        { name: said.second, row: other },
      ].flatMap(({ name, row }) => [
        <dt key={`${name} name`}>{name}</dt>,
        <dd key={name}>
          <Go href={`/evidence/${row.evidence?.act ?? ""}`}>{row.run}</Go>{" "}
          {row.evidence?.measures.map((measure) => words.evidence.sentence(measure)).join(" ")}{" "}
          {row.evidence?.withdrawn === true ? (
            <span className={styles.gone}>{words.evidence.runs.withdrawn}</span>
          ) : null}
          {row.permit?.bare === true ? <span className={styles.warn}>{words.evidence.runs.bare}</span> : null}
        </dd>,
      ])}
    </dl>
  );
}

function Directions({ view: { counts, unknown } }: { readonly view: CompareView }): ReactNode {
  const { table } = said;
  const rows = [
    { name: table.one, count: counts.onlyOne },
    { name: table.other, count: counts.onlyOther },
    { name: table.both, count: counts.both },
    { name: table.neither, count: counts.neither },
    { name: table.unknown, count: unknown },
  ];
  type Direction = (typeof rows)[number];
  return (
    <Section title={said.directions}>
      <DataTable
        caption={said.directions}
        columns={[
          {
            id: "outcome",
            title: table.outcome,
            cell: ({ name }: Direction) => name,
            value: ({ name }: Direction) => name,
          },
          {
            id: "units",
            title: table.count,
            align: "end",
            cell: ({ count }: Direction) => <Num value={count} />,
            value: ({ count }: Direction) => count,
          },
        ]}
        rows={rows}
        keyOf={({ name }) => name}
      />
    </Section>
  );
}

type Category = CompareView["categories"][number];

function Categories({ view: { categories } }: { readonly view: CompareView }): ReactNode {
  const different = categories.filter(({ one, other }) => one !== other);
  if (different.length === 0) return null;
  return (
    <Section title={said.categories} lead={said.late}>
      <DataTable
        caption={said.categories}
        columns={[
          {
            id: "category",
            title: said.category,
            cell: ({ category }: Category) => category,
            value: ({ category }: Category) => category,
          },
          {
            id: "one",
            title: said.first,
            align: "end",
            cell: ({ one, of }: Category) => said.failedOf(one, of),
            value: ({ one }: Category) => one,
          },
          {
            id: "other",
            title: said.second,
            align: "end",
            cell: ({ other, of }: Category) => said.failedOf(other, of),
            value: ({ other }: Category) => other,
          },
        ]}
        rows={different}
        keyOf={({ category }) => category}
      />
    </Section>
  );
}

type Difference = CompareView["differences"][number];

const verdictOf = { failed: "fail", unknown: "inconclusive", clean: "pass" } as const;

function Differences({ view, from }: ComparedProps): ReactNode {
  const navigate = page.useNavigate();
  const search = CompareSearch.parse(page.useSearch());
  const goTo = (place: number) => (): void => {
    void navigate({ to: "/evidence/compare", search: { ...search, from: place === 0 ? undefined : place } });
  };
  const { differences, differ, next, one, other } = view;
  return (
    <Section title={said.differences}>
      <DataTable
        caption={said.differences}
        columns={[
          {
            id: "unit",
            title: said.columns.unit,
            cell: ({ cluster }: Difference) => cluster,
            value: ({ cluster }: Difference) => cluster,
          },
          {
            id: "one",
            title: said.columns.one,
            cell: (row: Difference) => <Side act={one.evidence?.act} sample={row.sample} counts={row.one} />,
            value: (row: Difference) => row.one,
          },
          {
            id: "other",
            title: said.columns.other,
            cell: (row: Difference) => <Side act={other.evidence?.act} sample={row.otherSample} counts={row.other} />,
            value: (row: Difference) => row.other,
          },
        ]}
        rows={differences}
        keyOf={({ cluster }) => cluster}
        paging={{
          shown: words.evidence.samples.shown(from + 1, from + differences.length, differ),
          ...(next === null ? {} : { next: goTo(next) }),
          ...(from === 0 ? {} : { previous: goTo(Math.max(0, from - pageRows)) }),
        }}
        save={{ name: "differences" }}
        empty={<Empty title={said.same} next={said.sameNext} />}
      />
    </Section>
  );
}

interface SideProps {
  readonly act: string | undefined;
  readonly sample: number | null;
  readonly counts: Difference["one"];
}

function Side({ act = "", sample, counts }: SideProps): ReactNode {
  const verdict = <Verdict value={verdictOf[counts]} word={words.evidence.samples.countsAs[counts]} />;
  return sample === null ? verdict : <Go href={`/evidence/${act}?tab=samples&sample=${sample}`}>{verdict}</Go>;
}
