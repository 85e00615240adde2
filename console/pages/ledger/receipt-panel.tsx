// A receipt: whether it holds, each step of the check, what it says in words and what happened; looked at again while it is pending.
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { receiptInWords } from "../../../src/acts/receipt-proof.ts";
import { pathOf } from "../../../src/control/contract-paths.ts";
import { ExplainView, routes } from "../../../src/control/contract.ts";
import { useView } from "../../app/reads.ts";
import { Button } from "../../parts/button.tsx";
import { Code } from "../../parts/code.tsx";
import { Go } from "../../parts/go.tsx";
import { Notice } from "../../parts/notice.tsx";
import { Problem } from "../../parts/problem.tsx";
import { saveText } from "../../parts/save-rows.ts";
import { Section } from "../../parts/section.tsx";
import { words } from "../../words/words.ts";
import styles from "./ledger.module.css";
import { withNames } from "./people.ts";
import { type BelievedHere, type CheckedReceipt, checkReceipt } from "./receipt-check.ts";
import { Steps } from "./steps.tsx";

const said = words.ledger.receipt;
const pendingStepMs = 2_000;

export interface ReceiptPanelProps {
  readonly text: string;
  /** Where whoever looks reads no ledger: whom they believe. */
  readonly believe?: () => Promise<BelievedHere>;
}

export function ReceiptPanel({ text, believe }: ReceiptPanelProps): ReactNode {
  const { data, error, refetch } = useQuery({
    queryKey: ["receipt", text],
    queryFn: async () => checkReceipt(text, believe),
    refetchInterval: ({ state }) => (state.data?.verdict === "pending" ? pendingStepMs : false),
    refetchOnWindowFocus: false,
  });
  if (error !== null)
    return (
      <Problem
        failure={error}
        retry={() => {
          void refetch();
        }}
      />
    );
  if (data === undefined) return <p className={styles.quiet}>{said.loading}</p>;
  return (
    <Section title={said.title}>
      <div role="status">
        <Outcome checked={data} isReader={believe === undefined} />
      </div>
      <Steps steps={data.steps} />
      {data.receipt === undefined ? null : <Says checked={data} text={text} isReader={believe === undefined} />}
    </Section>
  );
}

interface CheckedProps {
  readonly checked: CheckedReceipt;
  /** Whether they read the ledger. */
  readonly isReader: boolean;
}

function Outcome({ checked: { verdict, proof }, isReader }: CheckedProps): ReactNode {
  if (verdict === "fails") return <Notice kind="danger" title={said.fails} />;
  if (verdict === "pending") return <Notice kind="warning" title={said.pending} />;
  return (
    <Notice kind="done" title={said.holds}>
      {proof === undefined || !isReader ? null : (
        <p>
          <Go href={`/ledger/${proof.ledgerIndex}`}>{said.entry(proof.ledgerIndex)}</Go>
        </p>
      )}
    </Notice>
  );
}

function Says({ checked, text, isReader }: CheckedProps & { readonly text: string }): ReactNode {
  const { receipt, proof } = checked;
  const id = receipt?.receipt.id ?? "";
  const { data } = useView(pathOf(routes.explain, { id }), ExplainView, { enabled: isReader });
  if (receipt === undefined) return null;
  return (
    <>
      <h3>{said.says}</h3>
      <p>{withNames(receiptInWords(receipt.receipt), [])}</p>
      {data === undefined ? null : (
        <>
          <h3>{said.explain}</h3>
          <ul className={styles.list}>
            {data.lines.map((line) => (
              <li key={line}>{withNames(line, [])}</li>
            ))}
          </ul>
        </>
      )}
      <div className={styles.buttons}>
        <Button
          onPress={() => {
            saveText(`${text}\n`, `${id}.receipt.txt`, "text/plain");
          }}
        >
          {said.receiptFile}
        </Button>
        {proof === undefined ? null : (
          <Button
            onPress={() => {
              saveText(`${JSON.stringify(proof)}\n`, `${id}.proof.json`, "application/json");
            }}
          >
            {said.proofFile}
          </Button>
        )}
      </div>
      {proof === undefined ? null : <Code text={said.command(id)} what={words.ledger.entry.copyCommand} />}
    </>
  );
}
