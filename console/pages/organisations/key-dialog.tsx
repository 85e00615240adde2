// A key is made, or given a new secret: by the randomness of this browser, in the same form as the command line's. Only its hash is
// signed and sent; the secret is shown once, with the lines by which a client connects.
import { type ReactNode, useState } from "react";
import { z } from "zod";
import { type KeyBody, latestSecret, rotatedKey, whereAndHowMuch } from "../../../src/acts/key-bodies.ts";
import { limitFields } from "../../../src/acts/limits.ts";
import { type SecretKey, secretBytes, secretEnding, secretKeyOf } from "../../../src/acts/secret-key.ts";
import type { State } from "../../../src/acts/state.ts";
import { browserPrimitives } from "../../../src/proof/browser.ts";
import { Instant, KeyId, type Name, type Timestamp, timestampOf } from "../../../src/terms/ids.ts";
import { Network } from "../../../src/terms/network.ts";
import { useDeployment } from "../../app/deployment.ts";
import { Button } from "../../parts/button.tsx";
import { Choice } from "../../parts/choice.tsx";
import { Code } from "../../parts/code.tsx";
import { ConnectCard } from "../../parts/connect-card.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { Field } from "../../parts/field.tsx";
import { Problem } from "../../parts/problem.tsx";
import { ShownOnce } from "../../parts/shown-once.tsx";
import { useAct } from "../../signing/acts.tsx";
import { freshId } from "../../signing/fresh.ts";
import { words } from "../../words/words.ts";
import styles from "./organisations.module.css";

export type KeyWork = { readonly kind: "make" } | { readonly kind: "rotate"; readonly key: KeyId };

export interface KeyDialogProps {
  readonly organisation: Name;
  /** One that it was granted, for the lines of the card. */
  readonly model: Name | undefined;
  readonly work: KeyWork | undefined;
  readonly onClose: () => void;
}

const said = words.organisations.key;

interface Typed {
  readonly days: string;
  readonly networks: string;
  readonly requests: string;
  readonly tokens: string;
  readonly overlap: Overlap;
}

const overlaps = ["0", "24", "168", "720"] as const;
type Overlap = (typeof overlaps)[number];

const nothing: Typed = { days: "", networks: "", requests: "", tokens: "", overlap: "24" };
const hourMs = 3_600_000;

const number = (of: z.ZodType<number, number>): z.ZodType<number | undefined> =>
  z
    .string()
    .trim()
    .transform((text) => (text === "" ? undefined : Number(text)))
    .pipe(of.optional());

/** What was typed, as it is meant; each field is judged by itself. */
const fields = {
  days: number(z.number().int().min(1).max(3_650)),
  networks: z
    .string()
    .transform((text) =>
      text
        .split(",")
        .map((one) => one.trim())
        .filter((one) => one !== ""),
    )
    .pipe(z.array(Network).max(32)),
  requests: number(limitFields.requestsPerMinute),
  tokens: number(limitFields.tokensPerDay),
} as const;

export function KeyDialog({ organisation, model, work, onClose }: KeyDialogProps): ReactNode {
  const [typed, setTyped] = useState(nothing);
  const [made, setMade] = useState<SecretKey | undefined>();
  const [failure, setFailure] = useState<unknown>(null);
  const act = useAct();
  const deployment = useDeployment().data;
  if (work === undefined || deployment === undefined) return null;
  const leave = (): void => {
    setTyped(nothing);
    setMade(undefined);
    setFailure(null);
    onClose();
  };
  const sign = async (): Promise<void> => {
    if (wrongIn(typed) !== undefined) return;
    const random = crypto.getRandomValues(new Uint8Array(secretBytes));
    const secret = secretKeyOf(random, deployment.demo, browserPrimitives);
    const end = await act({
      verb: "key",
      prepare: (state) => ({ body: bodyOf(state, { work, typed, organisation, secret }) }),
    });
    setFailure(end.failure ?? null);
    if (end.kind === "recorded") setMade(secret);
  };
  if (made !== undefined)
    return (
      <ShownOnce title={said.shownTitle} mind={[said.shownText]} onClose={leave}>
        <Code text={made.secret} what={said.secret} />
        <h3>{said.connect}</h3>
        <ConnectCard dataPlane={deployment.dataPlane} model={model} secret={made.secret} />
      </ShownOnce>
    );
  return (
    <Dialog
      title={work.kind === "make" ? said.makeTitle : said.rotateTitle}
      isOpen
      onClose={leave}
      actions={
        <>
          <Button onPress={leave}>{said.cancel}</Button>
          <Button kind="primary" isDisabled={wrongIn(typed) !== undefined} onPress={() => void sign()}>
            {said.sign}
          </Button>
        </>
      }
    >
      <p>{work.kind === "make" ? said.makeLead(organisation) : said.rotateLead}</p>
      <Asked work={work} typed={typed} onChange={setTyped} />
      {failure === null ? null : <Problem failure={failure} />}
    </Dialog>
  );
}

interface AskedProps {
  readonly work: KeyWork;
  readonly typed: Typed;
  readonly onChange: (typed: Typed) => void;
}

function Asked({ work, typed, onChange }: AskedProps): ReactNode {
  const field = (name: keyof typeof fields, help: string): ReactNode => (
    <Field
      key={name}
      label={said[name]}
      help={help}
      value={typed[name]}
      maxLength={1_000}
      wrong={wrongOf(typed, name)}
      onChange={(text) => {
        onChange({ ...typed, [name]: text });
      }}
    />
  );
  return (
    <div className={styles.fields}>
      {work.kind === "rotate" ? (
        <Choice
          label={said.overlap}
          value={typed.overlap}
          options={overlaps.map((value) => ({ value, text: said.overlaps[value] }))}
          onChange={(overlap) => {
            onChange({ ...typed, overlap });
          }}
        />
      ) : null}
      {field("days", said.daysHelp)}
      {work.kind === "make"
        ? [field("networks", said.networksHelp), field("requests", said.limitHelp), field("tokens", said.limitHelp)]
        : null}
    </div>
  );
}

const wrongs = {
  days: said.wrongDays,
  networks: said.wrongNetworks,
  requests: said.wrongCount,
  tokens: said.wrongCount,
} as const;

function wrongOf(typed: Typed, name: keyof typeof fields): string | undefined {
  return fields[name].safeParse(typed[name]).success ? undefined : wrongs[name];
}

function wrongIn(typed: Typed): string | undefined {
  return (["days", "networks", "requests", "tokens"] as const)
    .map((name) => wrongOf(typed, name))
    .find((one) => one !== undefined);
}

interface Wanted {
  readonly work: KeyWork;
  readonly typed: Typed;
  readonly organisation: Name;
  readonly secret: SecretKey;
}

function bodyOf(state: State, { work, typed, organisation, secret: { hash, secret } }: Wanted): KeyBody {
  const now = Instant.parse(Date.now());
  const days = fields.days.parse(typed.days);
  const notAfter = days === undefined ? undefined : after(now, days * 24);
  const ending = secretEnding(secret);
  if (work.kind === "rotate") {
    const { known } = latestSecret(state, work.key);
    return rotatedKey(known, { hash, ending, until: after(now, Number(typed.overlap)), notAfter, now });
  }
  const networks = fields.networks.parse(typed.networks);
  const limits = {
    requestsPerMinute: fields.requests.parse(typed.requests),
    tokensPerDay: fields.tokens.parse(typed.tokens),
  };
  return {
    key: KeyId.parse(freshId("key_", 16)),
    organisation,
    hash,
    ending,
    notAfter: notAfter ?? null,
    ...whereAndHowMuch({ networks: networks.length === 0 ? undefined : networks, limits }),
  };
}

function after(now: Instant, hours: number): Timestamp {
  return timestampOf(Instant.parse(now + hours * hourMs));
}
