// The dialog of signing: what is going on, what will be signed in words, and the two answers.
import type { ReactNode } from "react";
import { Button } from "../parts/button.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { Go } from "../parts/go.tsx";
import { Notice } from "../parts/notice.tsx";
import { numberInWords } from "../words/format.ts";
import { words } from "../words/words.ts";
import { useLedgerHere } from "./verified.ts";

interface Asked {
  readonly answer: (agreed: boolean) => void;
}

export type Stage =
  | { readonly kind: "bringing" }
  | { readonly kind: "signing" }
  | ({ readonly kind: "no-key" } & Asked)
  | ({
      readonly kind: "confirm";
      readonly who: string;
      readonly sentence: string;
      readonly title?: string;
      readonly lead?: string;
      readonly sign?: string;
      readonly isDanger?: boolean;
    } & Asked);

export function ConfirmAct({ stage }: { readonly stage: Stage | undefined }): ReactNode {
  const said = words.acts;
  const decline = (): void => {
    if (stage !== undefined && "answer" in stage) stage.answer(false);
  };
  return (
    <Dialog
      title={titleOf(stage)}
      isOpen={stage !== undefined}
      onClose={decline}
      mustAnswer
      actions={
        stage === undefined || !("answer" in stage) ? undefined : (
          <>
            <Button onPress={decline}>{stage.kind === "no-key" ? words.parts.close : said.confirm.cancel}</Button>
            {stage.kind === "no-key" ? null : (
              <Button
                kind={stage.isDanger === true ? "danger" : "primary"}
                onPress={() => {
                  stage.answer(true);
                }}
              >
                {stage.sign ?? said.confirm.sign}
              </Button>
            )}
          </>
        )
      }
    >
      <Content stage={stage} />
    </Dialog>
  );
}

function titleOf(stage: Stage | undefined): string {
  if (stage?.kind === "no-key") return words.acts.noKey.title;
  return (stage?.kind === "confirm" ? stage.title : undefined) ?? words.acts.confirm.title;
}

function Content({ stage }: { readonly stage: Stage | undefined }): ReactNode {
  const { checking } = useLedgerHere();
  const said = words.acts;
  switch (stage?.kind) {
    case undefined:
      return null;
    case "bringing":
      return (
        <p role="status">
          {said.bringing} {checking === undefined ? "" : said.checked(numberInWords(checking))}
        </p>
      );
    case "signing":
      return <p role="status">{said.signing}</p>;
    case "no-key":
      return (
        <>
          <p>{said.noKey.text}</p>
          <p>
            <Go href="/sign-in">{words.shell.session.signIn}</Go>
          </p>
        </>
      );
    case "confirm":
      return (
        <>
          {stage.lead === undefined ? null : <p>{stage.lead}</p>}
          <p>{said.confirm.lead(stage.who)}</p>
          <Notice>
            <p>{stage.sentence}</p>
          </Notice>
        </>
      );
  }
}
