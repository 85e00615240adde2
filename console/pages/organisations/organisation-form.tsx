// An organisation by a form: what is typed becomes the document and the statement that `headgate apply` would make of it. Whoever
// began with another version than the ledger has is shown what changed meanwhile, and merges by hand: nothing is written over.
import { type ReactNode, useState } from "react";
import { organisationBody } from "../../../src/acts/key-bodies.ts";
import { OrganisationDocument } from "../../../src/acts/organisation-document.ts";
import type { OrganisationView } from "../../../src/control/contract-organisations.ts";
import { canonicalBytes } from "../../../src/proof/canonical.ts";
import { digestOf } from "../../../src/proof/digest.ts";
import { browserPrimitives } from "../../../src/proof/browser.ts";
import { differences } from "../../../src/terms/differences.ts";
import { Failure } from "../../../src/terms/failure.ts";
import { Digest, Instant } from "../../../src/terms/ids.ts";
import { askDocument } from "../../app/artefacts.ts";
import { Button } from "../../parts/button.tsx";
import { Notice } from "../../parts/notice.tsx";
import { Page } from "../../parts/page.tsx";
import { Problem } from "../../parts/problem.tsx";
import { Section } from "../../parts/section.tsx";
import { useAct } from "../../signing/acts.tsx";
import { NeedsRole } from "../../signing/needs-role.tsx";
import { useMay } from "../../signing/role.ts";
import { words } from "../../words/words.ts";
import {
  type Base,
  type ParsedOrganisation,
  type TypedOrganisation,
  parsedOrganisation,
  typedFrom,
} from "./typed-organisation.ts";
import { Changes } from "./changes.tsx";
import { OrganisationFields } from "./organisation-fields.tsx";
import styles from "./organisations.module.css";

export interface OrganisationFormProps {
  /** Undefined for a new one. */
  readonly known: OrganisationView | undefined;
  readonly onLeave: () => void;
}

const said = words.organisations.form;

export function OrganisationForm({ known, onLeave }: OrganisationFormProps): ReactNode {
  const writing = useWriting(known, onLeave);
  const may = useMay();
  const { base, typed, theirs, isAsked, failure, parsed } = writing;
  const wrong = isAsked && parsed.kind === "wrong" ? parsed.at : {};
  const title = known === undefined ? said.newTitle : said.editTitle(known.organisation);
  return (
    <Page title={title} lead={said.lead} actions={<Button onPress={onLeave}>{said.cancel}</Button>}>
      {theirs === undefined ? null : <Conflict base={base} theirs={theirs} onMerged={writing.merge} />}
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          void writing.sign();
        }}
      >
        <OrganisationFields typed={typed} isNew={known === undefined} wrong={wrong} onChange={writing.type} />
        {base.content !== null && parsed.kind === "right" ? (
          <Section title={said.changes}>
            <Changes before={base.content} after={parsed.document} />
          </Section>
        ) : null}
        {Object.keys(wrong).length === 0 ? null : (
          <Notice kind="danger" title={said.wrong}>
            <ul>
              {Object.entries(wrong).map(([path, text]) => (
                <li key={path}>{`${path}: ${text}`}</li>
              ))}
            </ul>
          </Notice>
        )}
        {failure === null ? null : <Problem failure={failure} />}
        <div className={styles.row}>
          <Button kind="primary" type="submit" isDisabled={theirs !== undefined || !may("organisation")}>
            {said.sign}
          </Button>
          <NeedsRole of={["organisation"]} />
        </div>
      </form>
    </Page>
  );
}

interface Writing {
  /** What was begun with. */
  readonly base: Base;
  readonly typed: TypedOrganisation;
  readonly parsed: ParsedOrganisation;
  /** What somebody else wrote meanwhile. */
  readonly theirs: Base | undefined;
  readonly isAsked: boolean;
  readonly failure: unknown;
  readonly type: (typed: TypedOrganisation) => void;
  readonly sign: () => Promise<void>;
  /** Goes on from theirs, with what is typed. */
  readonly merge: () => void;
}

function useWriting(known: OrganisationView | undefined, onLeave: () => void): Writing {
  const [base, setBase] = useState<Base>(() => ({
    digest: known?.document.digest ?? null,
    content: known?.document.content ?? null,
  }));
  const [typed, setTyped] = useState<TypedOrganisation>(() => typedFrom(known));
  const [theirs, setTheirs] = useState<Base | undefined>();
  const [isAsked, setAsked] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const act = useAct();
  const parsed = parsedOrganisation(typed);
  const sign = async (): Promise<void> => {
    setAsked(true);
    setFailure(null);
    if (parsed.kind === "wrong") return;
    const { document } = parsed;
    const end = await act({
      verb: "organisation",
      prepare: ({ organisations }) =>
        prepared(document, { base, applied: organisations.get(document.name)?.document ?? null }),
    });
    if (end.kind === "recorded" || end.kind === "pending") onLeave();
    if (end.kind !== "refused") return;
    setFailure(end.failure);
    const applied = end.failure instanceof Failure ? end.failure.detail["applied"] : undefined;
    const digest = Digest.safeParse(applied).data;
    if (digest === undefined) return;
    try {
      setTheirs({ digest, content: await askDocument(digest, OrganisationDocument) });
    } catch (error) {
      setFailure(error);
    }
  };
  const merge = (): void => {
    if (theirs !== undefined) setBase(theirs);
    setTheirs(undefined);
    setFailure(null);
  };
  return { base, typed, parsed, theirs, isAsked, failure, type: setTyped, sign, merge };
}

interface Preparing {
  readonly base: Base;
  /** Digest of the document that the verified ledger has. */
  readonly applied: Digest | null;
}

function prepared(
  document: OrganisationDocument,
  { base, applied }: Preparing,
): { readonly body: ReturnType<typeof organisationBody>; readonly artefacts: readonly Uint8Array[] } {
  if (applied !== base.digest) throw new Failure("conflict", said.conflict, { detail: { applied } });
  // What the form began with, and shows as unchanged, is what the ledger names, and not what the server would have signed.
  if (base.content !== null) checkContent(base.content, base.digest);
  const bytes = canonicalBytes(document);
  const digest = digestOf(bytes, browserPrimitives);
  return { body: organisationBody(document, digest, Instant.parse(Date.now())), artefacts: [bytes] };
}

function checkContent(content: OrganisationDocument, named: string | null): void {
  if (digestOf(canonicalBytes(content), browserPrimitives) === named) return;
  throw new Failure("proof_invalid", said.anotherDocument);
}

interface ConflictProps {
  readonly base: Base;
  readonly theirs: Base;
  readonly onMerged: () => void;
}

function Conflict({ base, theirs, onMerged }: ConflictProps): ReactNode {
  return (
    <Notice kind="warning" title={said.conflictTitle}>
      <p>{said.conflictText}</p>
      {differences(base.content, theirs.content).length === 0 ? null : (
        <Changes before={base.content} after={theirs.content} />
      )}
      <p>
        <Button onPress={onMerged}>{said.goOn}</Button>
      </p>
    </Notice>
  );
}
