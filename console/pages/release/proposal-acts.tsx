// What one may do with a proposal that waits: sign for it, refuse it, step back, advance it. What one's role may not do is shown with who may.
import { type ReactNode, useState } from "react";
import { releaseInWords } from "../../../src/acts/act-words.ts";
import type { Proposal, State } from "../../../src/acts/state.ts";
import type { StatusView } from "../../../src/control/contract.ts";
import type { Role } from "../../../src/terms/role.ts";
import { Button } from "../../parts/button.tsx";
import { Problem } from "../../parts/problem.tsx";
import { useAct } from "../../signing/acts.tsx";
import { useSigner } from "../../signing/signer.ts";
import { words } from "../../words/words.ts";
import { type SeenProposal, prepareAdvance, prepareSignOff, seenOf } from "./prepare.ts";
import { useRole, whyNot } from "../../signing/role.ts";
import { ReasonedAct } from "./reasoned-act.tsx";
import { withNames } from "../ledger/people.ts";
import styles from "./release.module.css";

const said = words.release.acts;

export interface ProposalActsProps {
  readonly proposal: Proposal;
  readonly view: StatusView["proposals"][number];
  readonly status: StatusView;
  readonly state: State;
}

const forms = [
  { verdict: "for", label: said.sign, title: said.signTitle, text: said.signText, kind: "primary" },
  { verdict: "against", label: said.refuse, title: said.refuseTitle, text: said.refuseText, kind: "danger" },
  { verdict: "recused", label: said.recuse, title: said.recuseTitle, text: said.recuseText, kind: "quiet" },
] as const;

export function ProposalActs({ proposal, view, status, state: known }: ProposalActsProps): ReactNode {
  const act = useAct();
  const [role, signer] = [useRole(), useSigner()];
  // What is signed is what was shown when the form was opened, not what came in behind it.
  const seen = seenOf(proposal);
  const given = signer === null ? undefined : proposal.signOffs.get(signer.person)?.verdict;
  const why = whyNot(role, "sign-off");
  return (
    <>
      {forms.map(({ verdict, ...form }) => (
        <SignForm
          key={verdict}
          {...form}
          why={given === verdict ? said.signedAlready : why}
          seen={seen}
          submit={async (shown, reason) =>
            act({
              verb: "sign-off",
              prepare: (state) => prepareSignOff(state, { seen: shown, verdict, role: signerRole(role), reason }),
              words: {
                title: form.title,
                lead: `${form.text} ${said.itNames} ${withNames(releaseInWords(proposal.release, known), [])}`,
                sign: form.label,
              },
            })
          }
        />
      ))}
      <Advance seen={seen} why={whyNoAdvance(role, { view, status })} />
    </>
  );
}

/** Without a role nobody signs: the act's own dialog says how to come to one. */
function signerRole(role: Role | undefined): Role {
  return role ?? "auditor";
}

interface SignFormProps {
  readonly label: string;
  readonly title: string;
  readonly text: string;
  readonly kind: "primary" | "quiet" | "danger";
  readonly why: string | undefined;
  readonly seen: SeenProposal;
  readonly submit: (seen: SeenProposal, reason: string) => ReturnType<ReturnType<typeof useAct>>;
}

function SignForm({ seen, submit, ...form }: SignFormProps): ReactNode {
  const [shown, setShown] = useState<SeenProposal>();
  return (
    <ReasonedAct
      {...form}
      onOpen={() => {
        setShown(seen);
      }}
      submit={async (reason) => {
        const end = await submit(shown ?? seen, reason);
        // Told that it changed, they go on from what is shown by now.
        if (end.kind === "refused") setShown(undefined);
        return end;
      }}
    />
  );
}

function whyNoAdvance(
  role: Role | undefined,
  { view, status }: Pick<ProposalActsProps, "view" | "status">,
): string | undefined {
  const why = whyNot(role, "certificate");
  if (why !== undefined) return why;
  if (view.needs === null || view.needs.length > 0) return said.notComplete;
  const isOpen = view.stage === status.next && status.verdict !== "pass";
  return isOpen ? said.gateOpen : undefined;
}

function Advance({ seen, why }: { readonly seen: SeenProposal; readonly why: string | undefined }): ReactNode {
  const act = useAct();
  const [failure, setFailure] = useState<unknown>();
  const go = async (): Promise<void> => {
    setFailure(undefined);
    const end = await act({
      verb: "certificate",
      prepare: (state) => prepareAdvance(state, seen),
      words: { sign: said.advance },
    });
    if (end.kind === "refused") setFailure(end.failure);
  };
  return (
    <span className={styles.act}>
      <Button kind="primary" isDisabled={why !== undefined} onPress={() => void go()}>
        {said.advance}
      </Button>
      {why === undefined ? null : <span className={styles.why}>{why}</span>}
      {failure === undefined ? null : <Problem failure={failure} />}
    </span>
  );
}
