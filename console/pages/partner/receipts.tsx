// The proof of a receipt, checked in this browser for whoever has the receipt: by the trust root as this server names it, since an
// organisation reads no ledger here.
import { type ReactNode, useState } from "react";
import type { PartnerView } from "../../../src/control/contract-partner.ts";
import { Button } from "../../parts/button.tsx";
import { Field } from "../../parts/field.tsx";
import { Section } from "../../parts/section.tsx";
import { words } from "../../words/words.ts";
import { ReceiptPanel } from "../ledger/receipt-panel.tsx";
import styles from "../organisations/organisations.module.css";

const said = words.partner.receipts;
const receiptCharsMax = 8_192;

export function Receipts({ trust }: Pick<PartnerView, "trust">): ReactNode {
  const [text, setText] = useState("");
  const [asked, setAsked] = useState("");
  return (
    <Section id="receipts" title={said.title} lead={said.lead}>
      <form
        className={styles.ask}
        onSubmit={(event) => {
          event.preventDefault();
          setAsked(text.trim());
        }}
      >
        <Field label={said.label} value={text} onChange={setText} maxLength={receiptCharsMax} placeholder="hgr1.…" />
        <Button type="submit">{said.ask}</Button>
      </form>
      {asked === "" ? null : (
        <ReceiptPanel
          key={asked}
          text={asked}
          believe={async () => Promise.resolve({ trust, seen: null, said: said.by(trust.version) })}
        />
      )}
    </Section>
  );
}
