// The fields of an organisation and of each of its grants.
import type { ReactNode } from "react";
import { OpenStage } from "../../../src/terms/stage.ts";
import { Button } from "../../parts/button.tsx";
import { Choice } from "../../parts/choice.tsx";
import { Field } from "../../parts/field.tsx";
import { Section } from "../../parts/section.tsx";
import { words } from "../../words/words.ts";
import styles from "./organisations.module.css";
import { type TypedGrant, type TypedOrganisation, freshGrant } from "./typed-organisation.ts";

export interface OrganisationFieldsProps {
  readonly typed: TypedOrganisation;
  readonly isNew: boolean;
  /** What is wrong, by the field's path. */
  readonly wrong: Readonly<Record<string, string>>;
  readonly onChange: (typed: TypedOrganisation) => void;
}

const said = words.organisations.form;

export function OrganisationFields({ typed, isNew, wrong, onChange }: OrganisationFieldsProps): ReactNode {
  const field = (name: "name" | "type" | "country" | "purpose", rows?: number): ReactNode => (
    <Field
      label={said[name]}
      help={said[`${name}Help`]}
      value={typed[name]}
      wrong={wrong[name]}
      isDisabled={name === "name" && !isNew}
      maxLength={2_000}
      {...(rows === undefined ? {} : { rows })}
      onChange={(text) => {
        onChange({ ...typed, [name]: text });
      }}
    />
  );
  const change = (changed: TypedGrant): void => {
    onChange({ ...typed, grants: typed.grants.map((grant) => (grant.id === changed.id ? changed : grant)) });
  };
  return (
    <>
      <div className={styles.fields}>
        {field("name")}
        {field("type")}
        {field("country")}
      </div>
      {field("purpose", 3)}
      <Section
        title={said.grants}
        lead={said.grantsLead}
        actions={
          <Button
            onPress={() => {
              onChange({ ...typed, grants: [...typed.grants, freshGrant()] });
            }}
          >
            {said.addGrant}
          </Button>
        }
      >
        {typed.grants.map((grant, place) => (
          <Grant
            key={grant.id}
            grant={grant}
            place={place}
            wrong={wrong}
            onChange={change}
            onRemove={() => {
              onChange({ ...typed, grants: typed.grants.filter(({ id }) => id !== grant.id) });
            }}
          />
        ))}
      </Section>
    </>
  );
}

interface GrantProps {
  readonly grant: TypedGrant;
  readonly place: number;
  readonly wrong: Readonly<Record<string, string>>;
  readonly onChange: (grant: TypedGrant) => void;
  readonly onRemove: () => void;
}

const texts = {
  model: said.model,
  scopes: said.scopes,
  requestsPerMinute: said.requests,
  tokensPerDay: said.tokens,
  expiresInDays: said.days,
} as const;

function Grant({ grant, place, wrong, onChange, onRemove }: GrantProps): ReactNode {
  const field = (name: keyof typeof texts): ReactNode => (
    <Field
      label={texts[name]}
      value={grant[name]}
      wrong={wrong[`grants.${place}.${name}`]}
      maxLength={name === "scopes" ? 2_200 : 64}
      {...(name === "scopes" ? { help: said.scopesHelp } : {})}
      onChange={(text) => {
        onChange({ ...grant, [name]: text });
      }}
    />
  );
  return (
    <fieldset className={styles.grant}>
      <legend>{said.grant(place + 1)}</legend>
      <div className={styles.fields}>
        {field("model")}
        <Choice
          label={said.stage}
          value={grant.stage}
          options={OpenStage.options.map((value) => ({ value, text: value }))}
          onChange={(stage) => {
            onChange({ ...grant, stage });
          }}
        />
        {field("scopes")}
        {field("requestsPerMinute")}
        {field("tokensPerDay")}
        {field("expiresInDays")}
      </div>
      <div className={styles.row}>
        <Button small onPress={onRemove} label={`${said.removeGrant}: ${said.grant(place + 1)}`}>
          {said.removeGrant}
        </Button>
      </div>
    </fieldset>
  );
}
