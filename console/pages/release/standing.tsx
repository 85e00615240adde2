// Where a model stands in sentences: open to whom and until when, or shut and why; what turned, what ends, and what is said with it.
import type { ReactNode } from "react";
import type { StatusView } from "../../../src/control/contract.ts";
import { Notice } from "../../parts/notice.tsx";
import { Time } from "../../parts/time.tsx";
import { words } from "../../words/words.ts";
import styles from "./release.module.css";

const said = words.release.standing;

export function Standing({ status }: { readonly status: StatusView }): ReactNode {
  const { breakGlass, rejudged, lapsed } = status;
  return (
    <div className={styles.standing}>
      {breakGlass === null ? null : (
        <Notice kind="danger" title={breakGlass.open ? said.glassOpen : said.glassOver}>
          <Time at={breakGlass.until} as="moment" />
        </Notice>
      )}
      <p className={styles.first}>{firstSentence(status)}</p>
      {detailsOf(status).map((sentence) => (
        <p key={sentence} className={styles.soft}>
          {sentence}
        </p>
      ))}
      {lapsed === null ? null : <Notice kind="danger">{said.lapsed(lapsed.verdict, lapsed.requirements)}</Notice>}
      {lapsed !== null || rejudged === null || rejudged.verdict === "pass" ? null : (
        <Notice kind="warning">{said.turned(rejudged.verdict, rejudged.open)}</Notice>
      )}
      <Ends status={status} />
    </div>
  );
}

function firstSentence({ certified, stage, closed }: StatusView): string {
  if (certified === null) return said.never;
  if (stage === "withheld") return said.closed(closed ?? "withheld");
  return said.open(certified.stage, certified.since, certified.validUntil);
}

function detailsOf({ certified, stage }: StatusView): readonly string[] {
  if (certified === null) return [];
  const { share, oneSigner, mode, identityBasis } = certified;
  return [
    ...(share === null || stage === "withheld" ? [] : [said.share(share)]),
    ...(mode === "observe" ? [said.observe] : []),
    said.basis(identityBasis),
    ...(oneSigner ? [said.oneSigner] : []),
  ];
}

function Ends({ status: { certified, stage } }: { readonly status: StatusView }): ReactNode {
  if (certified === null || stage === "withheld") return null;
  const { renewalDue, endsInDays, hours } = certified;
  return (
    <>
      {renewalDue === null ? null : <Notice kind="warning">{said.ends(endsInDays)}</Notice>}
      {hours === null || hours.open ? null : (
        <Notice kind="warning">
          {said.hours(hours.opensAt)} {hours.opensAt === null ? null : <Time at={hours.opensAt} as="moment" />}
        </Notice>
      )}
    </>
  );
}
