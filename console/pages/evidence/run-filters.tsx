// The filters of the list of runs; each is a part of the address.
import type { ReactNode } from "react";
import type { EvidenceView } from "../../../src/control/contract-evidence.ts";
import { PeopleView, settingsRoutes } from "../../../src/control/contract-settings.ts";
import { useView } from "../../app/reads.ts";
import { Choice } from "../../parts/choice.tsx";
import { words } from "../../words/words.ts";
import styles from "./evidence.module.css";
import type { RunsSearch } from "./search.ts";

const said = words.evidence.runs;

export interface RunFiltersProps {
  readonly search: RunsSearch;
  readonly view: EvidenceView | undefined;
  readonly onChange: (search: RunsSearch) => void;
}

export function RunFilters({ search, view, onChange }: RunFiltersProps): ReactNode {
  const people = useView(settingsRoutes.people, PeopleView).data?.people;
  const set = (change: Partial<RunsSearch>): void => {
    onChange({ ...search, after: undefined, passed: undefined, ...change });
  };
  const setOf =
    <K extends keyof RunsSearch>(name: K) =>
    (value: RunsSearch[K]): void => {
      set({ [name]: value });
    };
  return (
    <form
      className={styles.filters}
      aria-label={said.filters.title}
      onSubmit={(event) => {
        event.preventDefault();
      }}
    >
      <Chosen label={said.filters.model} value={search.model} values={view?.models ?? []} onChange={setOf("model")} />
      <Chosen label={said.filters.suite} value={search.suite} values={view?.suites ?? []} onChange={setOf("suite")} />
      <Chosen
        label={said.filters.person}
        value={search.person}
        values={view?.persons ?? []}
        text={(value) => people?.find((one) => one.person === value)?.name ?? value}
        onChange={setOf("person")}
      />
      <Chosen
        label={said.filters.basis}
        value={search.basis}
        values={["measured-here", "declared"]}
        text={(value) => words.evidence.basis[value]}
        onChange={setOf("basis")}
      />
      <Chosen
        label={said.filters.slot}
        value={search.slot}
        values={["candidate", "in-force"]}
        text={(value) => words.evidence.slot[value]}
        onChange={setOf("slot")}
      />
      <Chosen
        label={said.filters.standing}
        value={search.standing}
        values={["counts", "withdrawn", "unfinished"]}
        text={(value) => said.standing[value]}
        onChange={setOf("standing")}
      />
      <Day label={said.filters.since} value={search.since} onChange={setOf("since")} />
      <Day label={said.filters.until} value={search.until} onChange={setOf("until")} />
    </form>
  );
}

interface ChosenProps<T extends string> {
  readonly label: string;
  readonly value: T | undefined;
  readonly values: readonly T[];
  readonly text?: (value: T) => string;
  readonly onChange: (value: T | undefined) => void;
}

/** One of several, or any. */
export function Chosen<T extends string>({ label, value, values, text, onChange }: ChosenProps<T>): ReactNode {
  // What the address says stays to be seen, though nothing has it.
  const all = value === undefined || values.includes(value) ? values : [value, ...values];
  const options = all.map((one) => ({ value: `=${one}`, text: text?.(one) ?? one }));
  return (
    <Choice
      label={label}
      value={value === undefined ? "" : `=${value}`}
      options={[{ value: "", text: said.filters.any }, ...options]}
      onChange={(chosen) => {
        onChange(all.find((one) => `=${one}` === chosen));
      }}
    />
  );
}

interface DayProps {
  readonly label: string;
  readonly value: string | undefined;
  readonly onChange: (value: string | undefined) => void;
}

function Day({ label, value, onChange }: DayProps): ReactNode {
  return (
    <label className={styles.file}>
      <span className={styles.label}>{label}</span>
      <input
        type="date"
        className={styles.day}
        value={value ?? ""}
        onChange={({ currentTarget }) => {
          onChange(currentTarget.value === "" ? undefined : currentTarget.value);
        }}
      />
    </label>
  );
}
