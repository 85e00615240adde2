// Which samples are listed, in which order: each a part of the address. What is typed is searched for when the typing rests.
import { type ReactNode, useEffect, useState } from "react";
import type { EvidenceRunView } from "../../../src/control/contract-evidence.ts";
import { Choice } from "../../parts/choice.tsx";
import { Field } from "../../parts/field.tsx";
import { words } from "../../words/words.ts";
import styles from "./evidence.module.css";
import { Chosen } from "./run-filters.tsx";
import type { RunSearch } from "./search.ts";

const said = words.evidence.samples;

export interface SampleFiltersProps {
  readonly view: EvidenceRunView;
  readonly search: RunSearch;
  readonly onSearch: (search: RunSearch) => void;
}

export function SampleFilters({ view, search, onSearch }: SampleFiltersProps): ReactNode {
  const set = (change: Partial<RunSearch>): void => {
    onSearch({ ...search, from: undefined, sample: undefined, ...change });
  };
  const setOf =
    <K extends keyof RunSearch>(name: K) =>
    (value: RunSearch[K]): void => {
      set({ [name]: value });
    };
  const { category, attack, agreement } = view.overview;
  return (
    <form
      className={styles.filters}
      aria-label={said.filters}
      onSubmit={(event) => {
        event.preventDefault();
      }}
    >
      <Search
        value={search.q ?? ""}
        onChange={(q) => {
          set({ q: q === "" ? undefined : q });
        }}
      />
      <Chosen
        label={said.outcome}
        value={search.outcome}
        values={["harmful", "safe", "refused", "unscored", "errored", "truncated"]}
        text={(value) => said.outcomes[value]}
        onChange={setOf("outcome")}
      />
      <Chosen
        label={said.counts}
        value={search.counts}
        values={["failed", "unknown", "clean"]}
        text={(value) => said.countsAs[value]}
        onChange={setOf("counts")}
      />
      <Parts label={said.category} value={search.category} parts={category} onChange={setOf("category")} />
      <Parts label={said.attack} value={search.attack} parts={attack} onChange={setOf("attack")} />
      {agreement === null && search.differ === undefined ? null : (
        <Choice
          label={said.differ}
          value={search.differ === true ? "differ" : ""}
          options={[
            { value: "", text: said.any },
            { value: "differ", text: said.differs },
          ]}
          onChange={(value) => {
            set({ differ: value === "differ" ? true : undefined });
          }}
        />
      )}
      <Choice
        label={said.sort}
        value={search.sort ?? "sealed"}
        options={(["sealed", "worst", "id", "category", "at"] as const).map((value) => ({
          value,
          text: said.sorts[value],
        }))}
        onChange={(sort) => {
          set({ sort: sort === "sealed" ? undefined : sort });
        }}
      />
    </form>
  );
}

interface PartsProps {
  readonly label: string;
  readonly value: string | undefined;
  readonly parts: readonly { readonly name: string }[];
  readonly onChange: (value: string | undefined) => void;
}

function Parts({ label, value, parts, onChange }: PartsProps): ReactNode {
  const names = parts.map(({ name }) => name).filter((name) => name !== "");
  return names.length === 0 && value === undefined ? null : (
    <Chosen label={label} value={value} values={names} onChange={onChange} />
  );
}

const restMs = 250;

function Search({
  value,
  onChange,
}: {
  readonly value: string;
  readonly onChange: (value: string) => void;
}): ReactNode {
  const [typed, setTyped] = useState(value);
  const [from, setFrom] = useState(value);
  // Where the address changed by itself, it says what is searched for.
  if (from !== value) {
    setFrom(value);
    setTyped(value);
  }
  useEffect(() => {
    if (typed === value) return undefined;
    const timer = setTimeout(() => {
      onChange(typed);
    }, restMs);
    return () => {
      clearTimeout(timer);
    };
  });
  return (
    <div className={styles.wide}>
      <Field label={said.search} type="search" value={typed} onChange={setTyped} maxLength={200} />
    </div>
  );
}
