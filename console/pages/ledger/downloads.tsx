// Files by which others check an entry with no server, and the commands that do; the signed bytes as they are.
import type { ReactNode } from "react";
import type { LedgerProof } from "../../../src/acts/ledger-proof.ts";
import type { Act } from "../../../src/acts/statement.ts";
import type { LedgerEntryView } from "../../../src/control/contract-ledger.ts";
import { fromBase64, fromUtf8 } from "../../../src/proof/encoding.ts";
import { parseEnvelope } from "../../../src/proof/envelope.ts";
import { Button } from "../../parts/button.tsx";
import { Code } from "../../parts/code.tsx";
import { DecisionFiles } from "../../parts/decision-files.tsx";
import { saveText } from "../../parts/save-rows.ts";
import { Section } from "../../parts/section.tsx";
import { words } from "../../words/words.ts";
import styles from "./ledger.module.css";

const said = words.ledger.entry;

interface DownloadsProps {
  readonly view: LedgerEntryView;
  readonly act: Act | undefined;
}

export function Downloads({ view, act }: DownloadsProps): ReactNode {
  const { index, envelope, checkpoint } = view;
  const proposal = act === undefined ? undefined : proposalIn(act.predicate);
  return (
    <Section title={said.keep} lead={said.keepLead}>
      <div className={styles.buttons}>
        <Button
          onPress={() => {
            saveText(`${JSON.stringify(proofOf(view))}\n`, `entry-${index}.proof.json`, "application/json");
          }}
        >
          {said.proofFile}
        </Button>
        <Button
          onPress={() => {
            saveText((fromBase64(envelope) ?? new Uint8Array(0)).slice(), `entry-${index}.json`, "application/json");
          }}
        >
          {said.rawFile}
        </Button>
        <Button
          onPress={() => {
            saveText(checkpoint, "checkpoint.txt", "text/plain");
          }}
        >
          {said.checkpointFile}
        </Button>
      </div>
      <Code text={said.command(index)} what={said.copyCommand} />
      {proposal === undefined ? null : <DecisionFiles proposal={proposal} />}
      <details className={styles.bytes}>
        <summary>{said.bytes}</summary>
        <pre tabIndex={0}>{payloadOf(envelope)}</pre>
      </details>
    </Section>
  );
}

/** As `headgate ledger prove` writes it. */
function proofOf({ index, leaf, inclusion, checkpoint }: LedgerEntryView): LedgerProof {
  return { format: "headgate-ledger-proof/1", kind: "inclusion", index, leaf, path: inclusion, checkpoint };
}

function payloadOf(envelope: string): string {
  const bytes = fromBase64(envelope) ?? new Uint8Array(0);
  try {
    return fromUtf8(fromBase64(parseEnvelope(bytes).payload) ?? bytes) ?? envelope;
  } catch {
    return fromUtf8(bytes) ?? envelope;
  }
}

/** Of a proposal, its sign-offs and its certificate: the whole decision. */
function proposalIn({ verb, body }: Act["predicate"]): string | undefined {
  if (verb === "proposal" || verb === "certificate") return body.release.proposal;
  return verb === "sign-off" ? body.proposal : undefined;
}
