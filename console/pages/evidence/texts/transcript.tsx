// What was said, turn by turn, as text and never as anything else. Each text is hidden until it is asked for.
import { type ReactNode, useId } from "react";
import type { SampleView } from "../../../../src/control/contract-evidence.ts";
import { Button } from "../../../parts/button.tsx";
import { Problem } from "../../../parts/problem.tsx";
import { words } from "../../../words/words.ts";
import styles from "../evidence.module.css";
import { type Turn, placeOf } from "./transcripts.ts";
import type { Texts } from "./use-texts.ts";

const said = words.evidence.sample;

export interface TranscriptProps {
  readonly sample: SampleView;
  readonly texts: Texts;
  /** Of a report from elsewhere: its file holds what was said. */
  readonly isReport: boolean;
}

export function Transcript({ sample, texts, isReport }: TranscriptProps): ReactNode {
  const { number } = sample.row;
  const turns = turnsOf(sample, texts);
  return (
    <div className={styles.tight}>
      <div className={styles.panelHead}>
        <h3>{said.transcript}</h3>
        <Button
          small
          onPress={() => {
            texts.showAll(!texts.areAllShown);
          }}
        >
          {texts.areAllShown ? said.hideAll : said.showAll}
        </Button>
      </div>
      {texts.areAllShown ? null : <p className={styles.small}>{said.hidden}</p>}
      {turns.map((turn, at) => (
        <TurnShown
          key={at}
          turn={turn}
          isShown={texts.isShown(number)}
          onShow={() => {
            texts.showOne(number);
          }}
        />
      ))}
      {turns.length === 0 ? <p className={styles.small}>{said.noPrompt}</p> : null}
      <Missing sample={sample} texts={texts} isReport={isReport} />
    </div>
  );
}

function turnsOf({ row, sample, asked }: SampleView, { answers, transcripts }: Texts): readonly Turn[] {
  const told = transcripts?.turns.get(placeOf(sample.item, row.attempt));
  if (told !== undefined) return told;
  const answer = sample.answer === null ? undefined : answers.get(sample.answer);
  return [
    ...(asked ?? []).map(({ role, content }) => ({ role, text: content })),
    ...(answer === undefined ? [] : [{ role: "assistant", text: answer }]),
  ];
}

interface TurnProps {
  readonly turn: Turn;
  readonly isShown: boolean;
  readonly onShow: () => void;
}

function TurnShown({ turn: { role, text, calls = [] }, isShown, onShow }: TurnProps): ReactNode {
  const { roles } = said;
  const isKnown = (name: string): name is keyof typeof roles => Object.hasOwn(roles, name);
  const name = isKnown(role) ? roles[role] : role;
  return (
    <div className={styles.turn} data-role={role}>
      <span className={styles.role}>{name}</span>
      {isShown ? (
        <>
          {text === "" ? null : <pre className={styles.text}>{text}</pre>}
          {calls.map((call, at) => (
            <div key={at}>
              <span className={styles.small}>{said.calls(call.name)}</span>
              <pre className={styles.text}>{call.arguments}</pre>
            </div>
          ))}
        </>
      ) : (
        <div className={styles.veiled}>
          <span>{said.length(text.length)}</span>
          <Button small label={`${said.showOne}: ${name}`} onPress={onShow}>
            {said.showOne}
          </Button>
        </div>
      )}
    </div>
  );
}

/** Where the answer is not here: who has it, and how it is read without leaving this browser. */
function Missing({ sample, texts, isReport }: TranscriptProps): ReactNode {
  const { answer } = sample.sample;
  if (!isReport && answer === null) return <p className={styles.small}>{said.noAnswer}</p>;
  const isOpened = texts.transcripts !== undefined || texts.answers.size > 0;
  const isAmong = isReport || answer === null || texts.answers.has(answer);
  return (
    <div className={styles.tight}>
      {isOpened ? (
        <p className={styles.row}>
          <span className={styles.small}>
            {texts.transcripts === undefined
              ? said.opened(texts.answers.size)
              : said.openedReport(texts.transcripts.name)}
            {isAmong ? null : ` ${said.notAmong}`}
          </span>
          <Button small onPress={texts.forget}>
            {said.forget}
          </Button>
        </p>
      ) : (
        <>
          <p className={styles.small}>{said.answerElsewhere}</p>
          <Picker texts={texts} />
        </>
      )}
      {texts.failure === undefined ? null : <Problem failure={texts.failure} />}
    </div>
  );
}

function Picker({ texts }: { readonly texts: Texts }): ReactNode {
  const id = useId();
  return (
    <div className={styles.file}>
      <label className={styles.label} htmlFor={id}>
        {said.openFile}
      </label>
      <input
        id={id}
        type="file"
        multiple
        aria-describedby={`${id}-help`}
        disabled={texts.isReading}
        onChange={({ currentTarget }) => {
          texts.open([...(currentTarget.files ?? [])]);
        }}
      />
      <span id={`${id}-help`} className={styles.small}>
        {texts.isReading ? said.reading : said.openFileHelp}
      </span>
    </div>
  );
}
