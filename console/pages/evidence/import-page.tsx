// The page at /evidence/import: a report of another tool is read in this browser, shown as it will be recorded, and signed for. A file that
// is wrong says what is wrong in it; nothing that was chosen is lost.
import { createLazyRoute } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { Empty } from "../../parts/empty.tsx";
import { Page } from "../../parts/page.tsx";
import { Problem } from "../../parts/problem.tsx";
import { NeedsRole } from "../../signing/needs-role.tsx";
import { useVerifiedState } from "../../signing/verified.ts";
import { words } from "../../words/words.ts";
import styles from "./evidence.module.css";
import { namesIn } from "./upload/applied.ts";
import { ImportForm } from "./upload/import-form.tsx";
import { Preview } from "./upload/preview.tsx";
import type { ReadReport } from "./upload/read-picked.ts";

export const page = createLazyRoute("/evidence/import")({ component: ImportPage });

const said = words.evidence.upload;

function ImportPage(): ReactNode {
  const names = useVerifiedState(namesIn);
  const [read, setRead] = useState<ReadReport | undefined>();
  const { data } = names;
  const isNothing = data !== undefined && (data.models.length === 0 || data.suites.length === 0);
  return (
    <Page title={said.title} lead={said.lead}>
      {names.error === null || names.error === undefined ? null : <Problem failure={names.error} retry={names.retry} />}
      <NeedsRole of={["evidence"]} />
      {isNothing ? <Empty title={said.none} next={said.noneNext} /> : null}
      {data === undefined && names.error === null ? <p role="status">{words.acts.bringing}</p> : null}
      {data === undefined || isNothing ? null : (
        <div className={styles.stack}>
          <ImportForm models={data.models} suites={data.suites} onRead={setRead} />
          {read === undefined ? null : <Preview key={read.result.body.run} read={read} />}
        </div>
      )}
    </Page>
  );
}
