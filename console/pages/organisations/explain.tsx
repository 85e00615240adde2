// The id of a refusal, a receipt, a hold or a certificate, and what happened, in the server's sentences.
import type { ReactNode } from "react";
import { ExplainView, routes } from "../../../src/control/contract.ts";
import { pathOf } from "../../../src/control/contract-paths.ts";
import { useView } from "../../app/reads.ts";
import { AskById, type AskByIdProps } from "../../parts/ask-by-id.tsx";
import { Read } from "../../parts/read.tsx";
import { words } from "../../words/words.ts";

const said = words.organisations.explain;

export function Explain(asking: Pick<AskByIdProps, "id" | "onAsk">): ReactNode {
  return (
    <AskById texts={said} {...asking}>
      {(id) => <Explanation id={id} />}
    </AskById>
  );
}

function Explanation({ id }: { readonly id: string }): ReactNode {
  const view = useView(pathOf(routes.explain, { id }), ExplainView);
  return (
    <Read of={view}>
      {({ lines }) => (
        <>
          <h3>{said.about(id)}</h3>
          {lines.map((line) => (
            <p key={line}>{line}</p>
          ))}
        </>
      )}
    </Read>
  );
}
