// The models that an organisation was granted, and whether a request would be served now, in the words that its callers are told.
import type { ReactNode } from "react";
import type { PartnerView } from "../../../src/control/contract-partner.ts";
import { DataTable } from "../../parts/data-table.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Section } from "../../parts/section.tsx";
import { Share } from "../../parts/share.tsx";
import { Time } from "../../parts/time.tsx";
import { Verdict } from "../../parts/verdict.tsx";
import { words } from "../../words/words.ts";

const said = words.partner.models;

type Model = PartnerView["models"][number];

export function Models({ models }: Pick<PartnerView, "models">): ReactNode {
  const { columns } = said;
  return (
    <Section title={said.title} lead={said.lead}>
      <DataTable
        caption={said.caption}
        rows={models}
        keyOf={({ model }) => model}
        empty={<Empty title={said.none} next={said.noneNext} />}
        columns={[
          { id: "model", title: columns.model, cell: ({ model }) => model, value: ({ model }) => model },
          { id: "stage", title: columns.stage, cell: ({ stage }) => stage, value: ({ stage }) => stage },
          { id: "answer", title: columns.answer, cell: (model) => <Answer model={model} />, value: answerOf },
          {
            id: "conditions",
            title: columns.conditions,
            cell: ({ conditions }) => (conditions.length === 0 ? said.noConditions : conditions.join("; ")),
            value: ({ conditions }) => conditions.join("; "),
          },
          {
            id: "scopes",
            title: columns.scopes,
            cell: ({ scopes }) => (scopes.length === 0 ? words.parts.none : scopes.join(", ")),
            value: ({ scopes }) => scopes.join(" "),
          },
          {
            id: "used",
            title: columns.used,
            align: "end",
            cell: ({ today, tokensPerDay }) => <Share count={today.tokens} of={tokensPerDay} />,
            value: ({ today }) => today.tokens,
          },
          {
            id: "end",
            title: columns.end,
            cell: ({ notAfter }) => <Time at={notAfter} as="day" />,
            value: ({ notAfter }) => notAfter,
          },
        ]}
        save={{ name: "models" }}
      />
    </Section>
  );
}

function answerOf({ answer }: Model): string {
  return answer.kind === "open" ? said.open : answer.code;
}

function Answer({ model: { answer } }: { readonly model: Model }): ReactNode {
  if (answer.kind === "open") return <Verdict value="pass" word={said.open} />;
  const { opensAt, sentence, code, reason } = answer;
  return (
    <>
      <Verdict value="fail" word={said.refused} /> <code>{reason === null ? code : `${code} (${reason})`}</code>
      <br />
      {sentence}
      {opensAt === null ? null : (
        <>
          {` ${said.opens} `}
          <Time at={opensAt} as="moment" />
        </>
      )}
    </>
  );
}
