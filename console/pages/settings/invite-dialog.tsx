// A person is invited: the one-time key is made in this browser, and its seed travels in a code that is shown once, the same as
// `headgate person invite` prints. The name is kept aside; what is signed commits to it.
import { type ReactNode, useState } from "react";
import { formatInvitation, linkOf } from "../../../src/acts/invitation.ts";
import type { DeploymentView } from "../../../src/control/contract.ts";
import { toBase64 } from "../../../src/proof/encoding.ts";
import { Failure } from "../../../src/terms/failure.ts";
import { type Digest, Instant, Name, PersonId, PublicKey, timestampOf } from "../../../src/terms/ids.ts";
import { Role } from "../../../src/terms/role.ts";
import { useDeployment } from "../../app/deployment.ts";
import { Button } from "../../parts/button.tsx";
import { Choice } from "../../parts/choice.tsx";
import { Code } from "../../parts/code.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { Field } from "../../parts/field.tsx";
import { Problem } from "../../parts/problem.tsx";
import { ShownOnce } from "../../parts/shown-once.tsx";
import { useAct } from "../../signing/acts.tsx";
import { committed, freshId } from "../../signing/fresh.ts";
import { bringUpToDate } from "../../signing/verified.ts";
import { words } from "../../words/words.ts";
import styles from "./settings.module.css";

export interface InviteDialogProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

interface Typed {
  readonly name: string;
  readonly role: Role;
  readonly of: string;
}

interface Made {
  readonly code: string;
  readonly name: string;
  readonly isPending: boolean;
}

const said = words.settings.invite;
const nothing: Typed = { name: "", role: "auditor", of: "" };
const dayMs = 86_400_000;
const daysUsual = 7;
const nameCharsMax = 200;

export function InviteDialog({ isOpen, onClose }: InviteDialogProps): ReactNode {
  const [typed, setTyped] = useState(nothing);
  const [isAsked, setAsked] = useState(false);
  const [made, setMade] = useState<Made | undefined>();
  const [failure, setFailure] = useState<unknown>(null);
  const invite = useInvite();
  const leave = (): void => {
    setTyped(nothing);
    setAsked(false);
    setMade(undefined);
    setFailure(null);
    onClose();
  };
  const sign = async (): Promise<void> => {
    setAsked(true);
    setFailure(null);
    if (wrongIn(typed).length > 0) return;
    try {
      setMade(await invite(typed));
    } catch (error) {
      setFailure(error);
    }
  };
  if (!isOpen) return null;
  if (made !== undefined) {
    const { code, name, isPending } = made;
    return (
      <ShownOnce title={said.shown} mind={[said.shownText(name), ...(isPending ? [said.pending] : [])]} onClose={leave}>
        <Code text={linkOf(code, location.origin)} what={said.link} />
        <p>{said.byCommand}</p>
        <Code text={`headgate join ${code} --profile FILE`} what={said.code} />
      </ShownOnce>
    );
  }
  return (
    <Dialog
      title={said.title}
      isOpen
      onClose={leave}
      actions={
        <>
          <Button onPress={leave}>{said.cancel}</Button>
          <Button kind="primary" onPress={() => void sign()}>
            {said.sign}
          </Button>
        </>
      }
    >
      <p>{said.lead}</p>
      <Asked typed={typed} wrong={isAsked ? wrongIn(typed) : []} onChange={setTyped} />
      {failure === null ? null : <Problem failure={failure} />}
    </Dialog>
  );
}

interface AskedProps {
  readonly typed: Typed;
  readonly wrong: readonly (keyof Typed)[];
  readonly onChange: (typed: Typed) => void;
}

function Asked({ typed, wrong, onChange }: AskedProps): ReactNode {
  return (
    <div className={styles.fields}>
      <Field
        label={said.name}
        help={said.nameHelp}
        value={typed.name}
        maxLength={nameCharsMax}
        wrong={wrong.includes("name") ? said.wrongName : undefined}
        onChange={(name) => {
          onChange({ ...typed, name });
        }}
        autoFocus
      />
      <Choice
        label={said.role}
        value={typed.role}
        options={Role.options.map((value) => ({ value, text: words.settings.roles[value] }))}
        onChange={(role) => {
          onChange({ ...typed, role });
        }}
      />
      <Field
        label={said.of}
        help={said.ofHelp}
        value={typed.of}
        maxLength={64}
        wrong={wrong.includes("of") ? said.wrongOf : undefined}
        onChange={(of) => {
          onChange({ ...typed, of });
        }}
      />
    </div>
  );
}

function wrongIn({ name, of }: Typed): readonly (keyof Typed)[] {
  const isNamed = name.trim().length > 0 && name.trim().length <= nameCharsMax;
  const isFrom = of.trim() === "" || Name.safeParse(of.trim()).success;
  return [...(isNamed ? [] : (["name"] as const)), ...(isFrom ? [] : (["of"] as const))];
}

/** Undefined where the person did not agree to sign. Fails as signing does. */
function useInvite(): (typed: Typed) => Promise<Made | undefined> {
  const act = useAct();
  const deployment = useDeployment().data;
  return async ({ name, role, of }) => {
    if (deployment === undefined) throw new Failure("server_unreachable", said.deploymentUnknown);
    const { seed, publicKey } = await oneTimeKey();
    const person = PersonId.parse(freshId("person_", 16));
    const notAfter = timestampOf(Instant.parse(Date.now() + daysUsual * dayMs));
    const opening = committed(name.trim());
    const affiliation = of.trim() === "" ? undefined : Name.parse(of.trim());
    const body = {
      person,
      role,
      key: publicKey,
      name: opening.digest,
      ...(affiliation === undefined ? {} : { affiliation }),
      // What an evaluator from elsewhere may run is for the operator to say, by a mandate.
      ...(affiliation !== undefined && role === "evaluator" ? { mandated: true as const } : {}),
      notAfter,
    };
    const end = await act({ verb: "invite", prepare: () => ({ body, openings: [opening.opening] }) });
    if (end.kind === "refused") throw end.failure;
    if (end.kind === "declined") return undefined;
    const about = { v: 1 as const, person, role, seed, notAfter, invitation: end.act };
    const code = formatInvitation({ ...about, ...(await whereToJoin(deployment)) });
    return { code, name: name.trim(), isPending: end.kind === "pending" };
  };
}

interface Where {
  readonly server: string;
  readonly deployment: DeploymentView["deployment"];
  readonly root: Digest;
  readonly demo: boolean;
  readonly seen: { readonly size: number; readonly root: Digest };
}

/** By the ledger that this browser verified, so that whoever joins is shown no other. */
async function whereToJoin({ deployment, demo }: DeploymentView): Promise<Where> {
  const { state, size, root } = await bringUpToDate();
  if (state.firstRoot === undefined) throw new Failure("trust_unknown", said.rootUnknown);
  return { server: location.origin, deployment, root: state.firstRoot, demo, seen: { size, root } };
}

/** DER around a raw Ed25519 seed (RFC 8410). */
const seedPrefix = [48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32] as const;
const seedBytes = 32;

async function oneTimeKey(): Promise<{ readonly seed: string; readonly publicKey: PublicKey }> {
  const seed = crypto.getRandomValues(new Uint8Array(seedBytes));
  const key = await crypto.subtle.importKey("pkcs8", new Uint8Array([...seedPrefix, ...seed]), "Ed25519", true, [
    "sign",
  ]);
  const { x = "" } = await crypto.subtle.exportKey("jwk", key);
  return { seed: toBase64(seed), publicKey: PublicKey.parse(`${x.replaceAll("-", "+").replaceAll("_", "/")}=`) };
}
