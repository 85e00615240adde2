// The dialog of the brake: what to stop and why, both filled in already, and what that would cut; then what it took and how it is
// reopened. It waits for nothing: what cannot be read in time is left out, and holding works all the same.
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { HoldsView, holdRoutes } from "../../src/control/contract-hold.ts";
import { Button } from "../parts/button.tsx";
import { Code } from "../parts/code.tsx";
import { Field } from "../parts/field.tsx";
import { Problem } from "../parts/problem.tsx";
import { useBrowserKey } from "../signing/signer.ts";
import { words } from "../words/words.ts";
import { HoldCuts } from "./hold-cuts.tsx";
import styles from "./hold-dialog.module.css";
import { HoldDone } from "./hold-done.tsx";
import { HoldScopeFields, type ScopeChoice, everything, scopeOf } from "./hold-scope.tsx";
import { type Placed, placeHold } from "./place-hold.ts";
import { useView } from "./reads.ts";
import { useSession } from "./session.tsx";

const reasonCharsMax = 4000;

export function HoldDialog({ onClose }: { readonly onClose: () => void }): ReactNode {
  const [placed, setPlaced] = useState<Placed | undefined>();
  const key = useBrowserKey();
  const session = useSession();
  const role = key?.role ?? (session?.kind === "person" ? session.role : undefined);
  if (placed !== undefined) return <HoldDone placed={placed} onClose={onClose} />;
  if (role === undefined || role === "auditor") return <Elsewhere isAuditor={role === "auditor"} onClose={onClose} />;
  return <HoldForm onPlaced={setPlaced} onClose={onClose} />;
}

interface ElsewhereProps {
  readonly isAuditor: boolean;
  readonly onClose: () => void;
}

/** Who cannot hold here: how to, elsewhere. */
function Elsewhere({ isAuditor, onClose }: ElsewhereProps): ReactNode {
  const { hold } = words;
  return (
    <>
      <p>{isAuditor ? hold.auditor : hold.nobody}</p>
      <Code text={hold.command} />
      <div className={styles.actions}>
        <Button onPress={onClose}>{hold.close}</Button>
      </div>
    </>
  );
}

interface HoldFormProps {
  readonly onPlaced: (placed: Placed) => void;
  readonly onClose: () => void;
}

function HoldForm({ onPlaced, onClose }: HoldFormProps): ReactNode {
  const { hold } = words;
  const [choice, setChoice] = useState<ScopeChoice>(everything);
  const [reason, setReason] = useState<string>(hold.reasonUsual);
  const key = useBrowserKey() ?? null;
  const hasSession = useSession()?.kind === "person";
  const choices = useView(holdRoutes.holds, HoldsView, { enabled: hasSession }).data?.choices;
  const { isPlacing, failure, place } = usePlacing(onPlaced);
  const scope = scopeOf(choice);
  const wish = scope === undefined ? undefined : { scope, reason: reason.trim() || hold.reasonUsual };
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        if (wish !== undefined) place(wish, { key, hasSession });
      }}
    >
      <p>{hold.lead}</p>
      <HoldScopeFields choice={choice} onChange={setChoice} choices={choices} />
      <Field
        label={hold.reason}
        help={hold.reasonHelp}
        value={reason}
        onChange={setReason}
        maxLength={reasonCharsMax}
        rows={2}
      />
      <HoldCuts scope={scope} isShown={hasSession} />
      {failure === undefined ? null : <HoldFailed failure={failure} />}
      <div className={styles.actions}>
        <Button onPress={onClose}>{hold.cancel}</Button>
        <Button kind="danger" type="submit" autoFocus isDisabled={isPlacing || wish === undefined}>
          {isPlacing ? hold.placing : hold.now}
        </Button>
      </div>
      <p className={styles.aside}>{key === null ? hold.bySession : hold.signedBy}</p>
    </form>
  );
}

interface Placing {
  readonly isPlacing: boolean;
  readonly failure: unknown;
  readonly place: (...given: Parameters<typeof placeHold>) => void;
}

function usePlacing(onPlaced: (placed: Placed) => void): Placing {
  const client = useQueryClient();
  const [isPlacing, setPlacing] = useState(false);
  const [failure, setFailure] = useState<unknown>();
  const place: Placing["place"] = (...given) => {
    setPlacing(true);
    setFailure(undefined);
    placeHold(...given)
      .then((placed) => {
        onPlaced(placed);
        void client.invalidateQueries();
      }, setFailure)
      .finally(() => {
        setPlacing(false);
      });
  };
  return { isPlacing, failure, place };
}

/** Loud, and with two other ways: whoever reads this has to stop something now. */
function HoldFailed({ failure }: { readonly failure: unknown }): ReactNode {
  const { hold } = words;
  return (
    <>
      <Problem failure={failure} />
      <p className={styles.failed}>{hold.failed}</p>
      <Code text={hold.command} />
      <p>{hold.failedGateway}</p>
      <Code text={hold.gatewayCommand} />
    </>
  );
}
