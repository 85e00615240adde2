// Signing, as every page does it: the ledger is brought up to date and verified, what will be signed is shown in words, the person
// agrees, the key of this browser signs, and a notice says where it was recorded. Whatever goes wrong is handed back to the page,
// and nothing that was typed is lost.
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, createContext, use, useCallback, useMemo, useState } from "react";
import type { Verb } from "../../src/acts/bodies.ts";
import type { State } from "../../src/acts/state.ts";
import type { StatementAnswer } from "../../src/control/contract.ts";
import { Go } from "../parts/go.tsx";
import { useNotice } from "../parts/notices.tsx";
import { numberInWords } from "../words/format.ts";
import { words } from "../words/words.ts";
import type { Draft, Prepared } from "./act-flow.ts";
import type { BrowserKey } from "./browser-key.ts";
import { ConfirmAct, type Stage } from "./confirm-act.tsx";
import { useBrowserKey } from "./signer.ts";

export interface Asking<V extends Verb> {
  readonly verb: V;
  /** Makes the body from verified state and what was typed; may throw a Failure that says why not. */
  readonly prepare: (state: State) => Prepared<V> | Promise<Prepared<V>>;
  /** Of the dialog: its title, and what follows from signing, where the page says it better than the statement's own sentence. */
  readonly words?: {
    readonly title?: string;
    readonly lead?: string;
    readonly sign?: string;
    readonly isDanger?: boolean;
  };
}

export type ActEnd =
  | (Extract<StatementAnswer, { kind: "recorded" }> & { readonly failure?: never })
  | (Extract<StatementAnswer, { kind: "pending" }> & { readonly failure?: never })
  /** The person did not agree, or there is no key here, which was said. */
  | { readonly kind: "declined"; readonly failure?: never }
  /** For `<Problem failure={…}>`. */
  | { readonly kind: "refused"; readonly failure: unknown };

export type ActOf = <V extends Verb>(asking: Asking<V>) => Promise<ActEnd>;

/** `envelope`: as `GET pending` has it; who signed it and what it says is read from its own bytes. */
export type CosignOf = (envelope: string) => Promise<ActEnd>;

interface Acting {
  readonly act: ActOf;
  readonly cosign: CosignOf;
}

const Context = createContext<Acting | undefined>(undefined);

function useActing(): Acting {
  const acting = use(Context);
  if (acting === undefined) throw new Error("no ActsProvider above");
  return acting;
}

/** Signs an act of one's own. */
export function useAct(): ActOf {
  return useActing().act;
}

/** Adds one's signature to what others began. */
export function useCosign(): CosignOf {
  return useActing().cosign;
}

export function ActsProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const [stage, setStage] = useState<Stage | undefined>();
  const key = useBrowserKey();
  const tell = useTell();
  const sign = useCallback(
    async (draftWith: (key: BrowserKey) => Promise<Draft>, said: Asking<Verb>["words"] = {}): Promise<ActEnd> => {
      try {
        if (key === undefined || key === null) {
          await shown(setStage, { kind: "no-key" });
          return { kind: "declined" };
        }
        setStage({ kind: "bringing" });
        const draft = await draftWith(key);
        const agreed = await shown(setStage, { kind: "confirm", who: draft.who, sentence: draft.sentence, ...said });
        if (!agreed) return { kind: "declined" };
        setStage({ kind: "signing" });
        const answer = await draft.sign();
        tell(answer);
        return answer;
      } catch (failure) {
        return { kind: "refused", failure };
      } finally {
        setStage(undefined);
      }
    },
    [key, tell],
  );
  const acting = useMemo<Acting>(
    () => ({
      act: async ({ verb, prepare, words: said }) =>
        sign(async (by) => (await import("./act-flow.ts")).draftAct(by, verb, prepare), said),
      cosign: async (envelope) => sign(async (by) => (await import("./act-flow.ts")).draftCosign(by, envelope)),
    }),
    [sign],
  );
  return (
    <Context value={acting}>
      {children}
      <ConfirmAct stage={stage} />
    </Context>
  );
}

type Shown = Extract<Stage, { kind: "no-key" }> | Extract<Stage, { kind: "confirm" }>;

/** Whether the person agreed to what is shown. */
async function shown(
  show: (stage: Stage) => void,
  stage: Omit<Extract<Shown, { kind: "no-key" }>, "answer"> | Omit<Extract<Shown, { kind: "confirm" }>, "answer">,
): Promise<boolean> {
  return new Promise((answer) => {
    show({ ...stage, answer });
  });
}

/** Says where it was recorded, or whom it waits for; everything shown is read again. */
function useTell(): (answer: StatementAnswer) => void {
  const say = useNotice();
  const client = useQueryClient();
  return useMemo(
    () => (answer: StatementAnswer) => {
      void client.invalidateQueries();
      if (answer.kind === "pending") {
        say({ kind: "warning", takesFocus: true, title: words.acts.pending(answer.needs.join(", ")) });
        return;
      }
      const text = words.acts.recorded(numberInWords(answer.index));
      say({ kind: "done", takesFocus: true, children: <Go href={`/ledger/${answer.index}`}>{text}</Go> });
    },
    [say, client],
  );
}
