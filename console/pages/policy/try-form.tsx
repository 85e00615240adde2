// The question: the turns of a request or one answer, by which slot it is judged, and as whom. All but the texts is in the address.
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { type RulesView, TryRequest, tryBounds } from "../../../src/control/contract-policy.ts";
import { Provenance } from "../../../src/terms/provenance.ts";
import { OpenStage } from "../../../src/terms/stage.ts";
import { Button } from "../../parts/button.tsx";
import { Choice } from "../../parts/choice.tsx";
import { Field } from "../../parts/field.tsx";
import { words } from "../../words/words.ts";
import { entryName } from "./rule-words.ts";
import styles from "./try.module.css";

type Turn = TryRequest["texts"][number];

interface TryFormProps {
  readonly rules: RulesView;
  readonly isTrying: boolean;
  readonly onTry: (asked: TryRequest) => void;
}

export function TryForm({ rules, isTrying, onTry }: TryFormProps): ReactNode {
  const { form } = words.tryText;
  const [turns, setTurns] = useState<readonly Turn[]>([emptyTurn]);
  const [wrong, setWrong] = useState<string | undefined>();
  const as = useAs(rules);
  const shown = as.side === "output" ? turns.slice(0, 1) : turns;
  const send = (): void => {
    const said = problemIn(shown);
    setWrong(said);
    const { slot, side, stage, type, scopes } = as;
    const asked = TryRequest.safeParse({
      model: rules.model,
      slot,
      side,
      texts: shown,
      scopes,
      ...(stage === "" ? {} : { stage }),
      ...(type === "" ? {} : { organisationType: type }),
    });
    if (said === undefined && asked.success) onTry(asked.data);
  };
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <AsWhom as={as} rules={rules} />
      <Turns turns={shown} isRequest={as.side === "input"} onChange={setTurns} wrong={wrong} />
      <RemoteNote rules={rules} slot={as.slot} />
      <div>
        <Button kind="primary" type="submit" isDisabled={isTrying}>
          {isTrying ? form.trying : form.go}
        </Button>
      </div>
    </form>
  );
}

const emptyTurn: Turn = { text: "", provenance: "user" };

function problemIn(turns: readonly Turn[]): string | undefined {
  const { form } = words.tryText;
  const chars = turns.reduce((sum, { text }) => sum + text.length, 0);
  if (chars === 0) return form.empty;
  return chars > tryBounds.charsMax ? form.tooLong(tryBounds.charsMax) : undefined;
}

interface As {
  readonly slot: TryRequest["slot"];
  readonly side: TryRequest["side"];
  readonly stage: string;
  readonly type: string;
  readonly scopes: readonly string[];
  readonly change: (to: Partial<Omit<As, "change">>) => void;
}

/** As whom, from the address. */
function useAs({ model, slots }: RulesView): As {
  const search = useSearch({ from: "/policy/try" });
  const navigate = useNavigate();
  const there = slots.map(({ slot }) => slot);
  const slot = there.find((one) => one === search.slot) ?? there[0] ?? "candidate";
  return {
    slot,
    side: search.side ?? "input",
    stage: search.stage ?? "",
    type: search.type ?? "",
    scopes: search.scopes ?? [],
    change: ({ scopes, ...to }) => {
      void navigate({
        to: "/policy/try",
        search: { ...search, model, ...to, ...(scopes === undefined ? {} : { scopes: [...scopes] }) },
        replace: true,
      });
    },
  };
}

function AsWhom({ as, rules }: { readonly as: As; readonly rules: RulesView }): ReactNode {
  const { form } = words.tryText;
  return (
    <div className={styles.as}>
      <Choice
        label={form.what}
        value={as.side}
        options={(["input", "output"] as const).map((value) => ({ value, text: form.side[value] }))}
        onChange={(side) => {
          as.change({ side });
        }}
      />
      <Choice
        label={form.slot}
        value={as.slot}
        options={rules.slots.map(({ slot: value }) => ({ value, text: form.slots[value] }))}
        onChange={(slot) => {
          as.change({ slot });
        }}
      />
      <Choice
        label={form.stage}
        value={as.stage}
        options={optionsOf(form.stageUsual, OpenStage.options)}
        onChange={(stage) => {
          as.change({ stage });
        }}
      />
      <Choice
        label={form.type}
        value={as.type}
        options={optionsOf(form.typeUsual, rules.types)}
        onChange={(type) => {
          as.change({ type });
        }}
      />
      <Scopes as={as} scopes={rules.scopes} />
    </div>
  );
}

function optionsOf(usual: string, values: readonly string[]): { readonly value: string; readonly text: string }[] {
  return [{ value: "", text: usual }, ...values.map((value) => ({ value, text: value }))];
}

function Scopes({ as, scopes }: { readonly as: As; readonly scopes: readonly string[] }): ReactNode {
  const { form } = words.tryText;
  if (scopes.length === 0) return null;
  return (
    <fieldset className={styles.scopes}>
      <legend>{form.scopes}</legend>
      {scopes.map((scope) => (
        <label key={scope}>
          <input
            type="checkbox"
            checked={as.scopes.includes(scope)}
            onChange={({ currentTarget: { checked } }) => {
              const others = as.scopes.filter((one) => one !== scope);
              as.change({ scopes: checked ? [...others, scope] : others });
            }}
          />
          {scope}
        </label>
      ))}
    </fieldset>
  );
}

interface TurnsProps {
  readonly turns: readonly Turn[];
  readonly isRequest: boolean;
  readonly onChange: (turns: readonly Turn[]) => void;
  readonly wrong: string | undefined;
}

function Turns({ turns, isRequest, onChange, wrong }: TurnsProps): ReactNode {
  const { form } = words.tryText;
  return (
    <div className={styles.turns}>
      {turns.map((turn, at) => (
        <div key={at} className={styles.turn}>
          {isRequest ? (
            <Choice
              label={form.by}
              value={turn.provenance}
              options={Provenance.options.map((value) => ({ value, text: form.provenance[value] }))}
              onChange={(provenance) => {
                onChange(turns.with(at, { ...turn, provenance }));
              }}
            />
          ) : null}
          <Field
            label={turns.length === 1 ? form.text : form.turn(at + 1)}
            value={turn.text}
            onChange={(text) => {
              onChange(turns.with(at, { ...turn, text }));
            }}
            rows={turns.length === 1 ? 6 : 3}
            maxLength={tryBounds.charsMax}
            wrong={at === 0 ? wrong : undefined}
          />
          {turns.length === 1 ? null : (
            <div>
              <Button
                small
                label={`${form.remove}: ${form.turn(at + 1)}`}
                onPress={() => {
                  onChange(turns.toSpliced(at, 1));
                }}
              >
                {form.remove}
              </Button>
            </div>
          )}
        </div>
      ))}
      {isRequest && turns.length < tryBounds.turnsMax ? (
        <div>
          <Button
            small
            onPress={() => {
              onChange([...turns, emptyTurn]);
            }}
          >
            {form.add}
          </Button>
        </div>
      ) : null}
    </div>
  );
}

/** Who else is sent the text. */
function RemoteNote({ rules, slot }: { readonly rules: RulesView; readonly slot: TryRequest["slot"] }): ReactNode {
  const chain = rules.slots.find((one) => one.slot === slot)?.safeguards.document.chain ?? [];
  const names = chain.filter((entry) => "url" in entry).map(entryName);
  return names.length === 0 ? null : <p className={styles.note}>{words.tryText.form.remote(names.join(", "))}</p>;
}
