// One request of an organisation's own, by the id in the error that its client got.
import type { ReactNode } from "react";
import { PartnerExplainView, partnerRoutes } from "../../../src/control/contract-partner.ts";
import { pathOf } from "../../../src/control/contract-paths.ts";
import { useView } from "../../app/reads.ts";
import { AskById, type AskByIdProps } from "../../parts/ask-by-id.tsx";
import { Facts } from "../../parts/facts.tsx";
import { Read } from "../../parts/read.tsx";
import { Time } from "../../parts/time.tsx";
import { words } from "../../words/words.ts";

const said = words.partner.why;

export function Why(asking: Pick<AskByIdProps, "id" | "onAsk">): ReactNode {
  return (
    <AskById texts={said} {...asking}>
      {(id) => <Explained id={id} />}
    </AskById>
  );
}

function Explained({ id }: { readonly id: string }): ReactNode {
  const view = useView(pathOf(partnerRoutes.partnerExplain, { id }), PartnerExplainView);
  return <Read of={view}>{(told) => <Told told={told} />}</Read>;
}

function Told({ told }: { readonly told: PartnerExplainView }): ReactNode {
  const { facts } = said;
  const { at, key, model, outcome, code, reason, sentence, tokens } = told;
  const { none } = words.parts;
  return (
    <>
      {sentence === null ? null : <p>{sentence}</p>}
      <Facts
        facts={[
          { name: facts.at, value: <Time at={at} as="moment" /> },
          { name: facts.key, value: <code>{key}</code> },
          { name: facts.model, value: model ?? none },
          { name: facts.outcome, value: said.outcomes[outcome] },
          {
            name: facts.code,
            value: code === null ? none : <code>{reason === null ? code : `${code} (${reason})`}</code>,
          },
          { name: facts.tokens, value: tokens === null ? none : said.tokens(tokens[0], tokens[1]) },
        ]}
      />
    </>
  );
}
