// The samples of a run, a page at a time from the server, with one of them open beside the list. Filters, order, page and what is open
// stand in the address. Keys: J and K go through the samples, Escape closes the one that is open.
import { type ReactNode, useEffect, useMemo, useRef } from "react";
import { type EvidenceRunView, SamplesView, evidenceRoutes } from "../../../src/control/contract-evidence.ts";
import { pathOf } from "../../../src/control/contract-paths.ts";
import { useView } from "../../app/reads.ts";
import { Button } from "../../parts/button.tsx";
import { DataTable } from "../../parts/data-table.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Problem } from "../../parts/problem.tsx";
import { words } from "../../words/words.ts";
import styles from "./evidence.module.css";
import { Opening, sampleColumns } from "./sample-columns.tsx";
import { SampleFilters } from "./sample-filters.tsx";
import { SamplePanel } from "./sample-panel.tsx";
import { type RunSearch, filterOf, queryOf } from "./search.ts";
import { useTexts } from "./texts/use-texts.ts";

const said = words.evidence.samples;
const pageRows = 50;

export interface SamplesProps {
  readonly view: EvidenceRunView;
  readonly digest: string;
  readonly search: RunSearch;
  readonly onSearch: (search: RunSearch) => void;
}

export function Samples({ view, digest, search, onSearch }: SamplesProps): ReactNode {
  const texts = useTexts(view);
  const from = search.from ?? 0;
  const filter = filterOf(search);
  const path = pathOf(evidenceRoutes.evidenceSamples, { digest });
  const pathFrom = (after: number): string => path + queryOf({ ...filter, after, limit: pageRows });
  const read = useView(pathFrom(from), SamplesView, { isSealed: true });
  // While the next page is on its way the one before stays, so that nothing jumps.
  const last = useRef<SamplesView>(undefined);
  useEffect(() => {
    last.current = read.data ?? last.current;
  });
  const page = read.data ?? last.current;
  // The page after this one is asked for while this one is looked at.
  const next = page?.next ?? from;
  useView(pathFrom(next), SamplesView, { enabled: next !== from, isSealed: true });
  const open = (sample: number | undefined): void => {
    onSearch({ ...search, sample });
  };
  return (
    <div className={styles.stack}>
      <SampleFilters view={view} search={search} onSearch={onSearch} />
      {read.error === null ? null : <Problem failure={read.error} retry={() => void read.refetch()} />}
      <div className={styles.split} data-open={search.sample !== undefined} aria-busy={read.data === undefined}>
        {page === undefined ? null : <List page={page} from={from} search={search} onSearch={onSearch} />}
        {search.sample === undefined ? null : (
          <SamplePanel view={view} digest={digest} search={search} texts={texts} onOpen={open} />
        )}
      </div>
      <Saving path={pathOf(evidenceRoutes.evidenceExport, { digest })} filter={filter} />
    </div>
  );
}

interface ListProps {
  readonly page: SamplesView;
  readonly from: number;
  readonly search: RunSearch;
  readonly onSearch: (search: RunSearch) => void;
}

function List({ page, from, search, onSearch }: ListProps): ReactNode {
  const { samples, total, next } = page;
  const goTo = (place: number) => (): void => {
    onSearch({ ...search, from: place === 0 ? undefined : place, sample: undefined });
  };
  const lastPage = Math.max(0, Math.floor((total - 1) / pageRows) * pageRows);
  const hasAttacks = samples.some(({ attack }) => attack !== null);
  const columns = useMemo(() => sampleColumns(hasAttacks), [hasAttacks]);
  const opening = {
    current: search.sample,
    open: (sample: number) => {
      onSearch({ ...search, sample });
    },
  };
  const nothing = (
    <Empty
      title={said.none}
      next={
        <Button
          onPress={() => {
            onSearch({ tab: "samples" });
          }}
        >
          {said.noneNext}
        </Button>
      }
    />
  );
  return (
    <div className={styles.tight}>
      <Opening value={opening}>
        <DataTable
          caption={said.caption}
          columns={columns}
          rows={samples}
          keyOf={({ number }) => String(number)}
          empty={nothing}
          paging={{
            shown: said.shown(from + 1, from + samples.length, total),
            ...(next === null ? {} : { next: goTo(next) }),
            ...(from === 0 ? {} : { previous: goTo(Math.max(0, from - pageRows)) }),
          }}
        />
      </Opening>
      {total <= pageRows ? null : (
        <p className={styles.row}>
          <Button small isDisabled={from === 0} onPress={goTo(0)}>
            {said.first}
          </Button>
          <Button small isDisabled={from === lastPage} onPress={goTo(lastPage)}>
            {said.last}
          </Button>
        </p>
      )}
    </div>
  );
}

/** By the server, piece by piece: exactly what the filters show, in their order, all of it. */
function Saving({
  path,
  filter,
}: {
  readonly path: string;
  readonly filter: Parameters<typeof queryOf>[0];
}): ReactNode {
  return (
    <p className={styles.row}>
      <a href={path + queryOf({ ...filter, format: "csv" })} download>
        {said.saveCsv}
      </a>
      <a href={path + queryOf({ ...filter, format: "jsonl" })} download>
        {said.saveJsonl}
      </a>
    </p>
  );
}
