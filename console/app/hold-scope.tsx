// What to stop: everything, unless somebody chooses less. The names come from the server; before they are there, everything can be
// stopped already.
import type { ReactNode } from "react";
import { HoldScope } from "../../src/acts/bodies.ts";
import type { HoldsView } from "../../src/control/contract-hold.ts";
import { Choice } from "../parts/choice.tsx";
import { words } from "../words/words.ts";

type Kind = keyof typeof words.hold.kinds;

export interface ScopeChoice {
  readonly kind: Kind;
  /** The name chosen; empty where none is. */
  readonly of: string;
  /** Of a model; empty for the whole of it. */
  readonly stage: string;
}

export const everything: ScopeChoice = { kind: "everything", of: "", stage: "" };

type Choices = HoldsView["choices"];

/** Undefined where something is still to be chosen. */
export function scopeOf({ kind, of, stage }: ScopeChoice): HoldScope | undefined {
  const member = { everything: {}, model: { model: of }, organisation: { organisation: of }, country: { country: of } };
  const given = { ...member, "organisation-type": { type: of }, scope: { scope: of } }[kind];
  const isStage = kind === "model" && stage !== "";
  return HoldScope.safeParse({ kind: isStage ? "stage" : kind, ...given, ...(isStage ? { stage } : {}) }).data;
}

interface ScopeFieldsProps {
  readonly choice: ScopeChoice;
  readonly onChange: (choice: ScopeChoice) => void;
  readonly choices: Choices | undefined;
}

export function HoldScopeFields({ choice, onChange, choices }: ScopeFieldsProps): ReactNode {
  const { hold } = words;
  const kinds: readonly Kind[] = ["everything", "model", "organisation", "organisation-type", "country", "scope"];
  const names = namesOf(choice.kind, choices);
  return (
    <>
      <Choice
        label={hold.what}
        value={choice.kind}
        options={kinds.map((value) => ({ value, text: hold.kinds[value] }))}
        onChange={(kind) => {
          onChange({ kind, of: namesOf(kind, choices)[0] ?? "", stage: "" });
        }}
      />
      {choice.kind === "everything" ? null : (
        <Choice
          label={hold.of}
          value={choice.of}
          options={
            names.length === 0
              ? [{ value: "", text: hold.nothingOf }]
              : names.map((name) => ({ value: name, text: name }))
          }
          onChange={(of) => {
            onChange({ ...choice, of, stage: "" });
          }}
        />
      )}
      {choice.kind === "model" ? <StageField choice={choice} onChange={onChange} choices={choices} /> : null}
    </>
  );
}

function StageField({ choice, onChange, choices }: ScopeFieldsProps): ReactNode {
  const { hold } = words;
  const stages = choices?.models.find(({ model }) => model === choice.of)?.stages ?? [];
  return (
    <Choice
      label={hold.stage}
      value={choice.stage}
      options={[{ value: "", text: hold.wholeModel }, ...stages.map((stage) => ({ value: stage, text: stage }))]}
      onChange={(stage) => {
        onChange({ ...choice, stage });
      }}
    />
  );
}

function namesOf(kind: Kind, choices: Choices | undefined): readonly string[] {
  if (choices === undefined) return [];
  const { models, organisations, types, countries, scopes } = choices;
  const names = { everything: [], model: models.map(({ model }) => model), organisation: organisations };
  return { ...names, "organisation-type": types, country: countries, scope: scopes }[kind];
}
