// What a statement says, as a list that people read: ids lead to what else names them, moments and digests are short with the whole
// behind them, and a text stands beside the commitment that it was compared with here.
import type { ReactNode } from "react";
import type { Act } from "../../../src/acts/statement.ts";
import { browserPrimitives } from "../../../src/proof/browser.ts";
import { type Opening, commit } from "../../../src/proof/digest.ts";
import { DigestText } from "../../parts/digest-text.tsx";
import { Go } from "../../parts/go.tsx";
import { Section } from "../../parts/section.tsx";
import { Time } from "../../parts/time.tsx";
import { numberInWords } from "../../words/format.ts";
import { words } from "../../words/words.ts";
import styles from "./ledger.module.css";
import type { People } from "./people.ts";

const said = words.ledger.entry;

interface EntryFieldsProps {
  readonly act: Act;
  readonly openings: readonly Opening[];
  readonly people: People;
}

export function EntryFields({ act, openings, people }: EntryFieldsProps): ReactNode {
  const { at, seen, body } = act.predicate;
  const shown: Shown = { people, texts: new Map(openings.map((one) => [commit(one, browserPrimitives), one.text])) };
  return (
    <Section title={said.says} lead={said.saysLead}>
      <dl className={styles.fields}>
        <Row name={said.at}>
          <Time at={at} as="moment" />
        </Row>
        <Row name={said.seen}>{seen === null ? said.nothingSeen : said.seenOf(numberInWords(seen.size))}</Row>
        <Row name={said.act}>
          <DigestText value={act.digest} />
        </Row>
        {linesOf(wholeOf(body)).map(({ path, value }) => (
          <Row key={path.join(".")} name={path.map((part) => words.ledger.field(part)).join(" › ")}>
            <Value value={value} shown={shown} />
          </Row>
        ))}
      </dl>
    </Section>
  );
}

function Row({ name, children }: { readonly name: string; readonly children: ReactNode }): ReactNode {
  return (
    <div className={styles.field}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

interface Line {
  readonly path: readonly string[];
  readonly value: Plain | readonly Plain[];
}

type Plain = string | number | boolean | null;

/** A proposal is its release, and says nothing else. */
function wholeOf(body: Act["predicate"]["body"]): unknown {
  return "release" in body && typeof body.release === "object" ? body.release : body;
}

/** Members of members each by itself; lists of plain values stay together. */
function linesOf(value: unknown, path: readonly string[] = []): readonly Line[] {
  if (isPlain(value)) return [{ path, value }];
  if (Array.isArray(value)) {
    if (value.every((one) => isPlain(one))) return [{ path, value }];
    return value.flatMap((one, at) => linesOf(one, [...path, String(at + 1)]));
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => linesOf(inner, [...path, name]));
}

function isPlain(value: unknown): value is Plain {
  return value === null || ["string", "number", "boolean"].includes(typeof value);
}

interface Shown {
  readonly people: People;
  /** By commitment. */
  readonly texts: ReadonlyMap<string, string>;
}

function Value({ value, shown }: { readonly value: Line["value"]; readonly shown: Shown }): ReactNode {
  if (!isList(value)) return <One value={value} shown={shown} />;
  if (value.length === 0) return said.none;
  return (
    <ul className={styles.list}>
      {value.map((one) => (
        <li key={String(one)}>
          <One value={one} shown={shown} />
        </li>
      ))}
    </ul>
  );
}

function isList(value: Line["value"]): value is readonly Plain[] {
  return Array.isArray(value);
}

const id = /^(?:person|key|permit|run|prop|cert|hold|glass|inc|review)_[0-9a-f]{16}$/;
const moment = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

function One({ value, shown }: { readonly value: Plain; readonly shown: Shown }): ReactNode {
  if (value === null) return said.none;
  if (typeof value === "boolean") return value ? said.yes : said.no;
  if (typeof value === "number") return numberInWords(value);
  if (moment.test(value)) return <Time at={value} as="moment" />;
  if (id.test(value)) return <IdLink value={value} people={shown.people} />;
  if (value.startsWith("sha256:")) return <Named value={value} text={shown.texts.get(value)} />;
  return /^[A-Za-z0-9+/]{43}=$/.test(value) ? <DigestText value={value} /> : value;
}

function IdLink({ value, people }: { readonly value: string; readonly people: People }): ReactNode {
  const name = people.find(({ person }) => person === value)?.name;
  return (
    <>
      <Go href={`/ledger?q=${value}`}>{value}</Go>
      {name === undefined || name === null ? null : ` (${name})`}
    </>
  );
}

function Named({ value, text }: { readonly value: string; readonly text: string | undefined }): ReactNode {
  return (
    <>
      {text === undefined ? null : <span className={styles.text}>{said.reason(text)}</span>}
      <DigestText value={value} />
    </>
  );
}
