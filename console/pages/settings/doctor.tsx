// What the server sees of its own health, each check with what to do, the worst first.
import type { ReactNode } from "react";
import { DoctorView, doctorRoutes } from "../../../src/control/contract-doctor.ts";
import { useView } from "../../app/reads.ts";
import { Button } from "../../parts/button.tsx";
import { DataTable } from "../../parts/data-table.tsx";
import { Notice } from "../../parts/notice.tsx";
import { Read } from "../../parts/read.tsx";
import { Section } from "../../parts/section.tsx";
import { Verdict } from "../../parts/verdict.tsx";
import { words } from "../../words/words.ts";

const said = words.settings.doctor;
const marks = { well: "pass", warning: "inconclusive", failed: "fail" } as const;

export function Doctor(): ReactNode {
  const view = useView(doctorRoutes.doctor, DoctorView);
  return (
    <Section
      title={said.title}
      lead={said.lead}
      actions={<Button onPress={() => void view.refetch()}>{said.again}</Button>}
    >
      <Read of={view}>{({ checks }) => <Checks checks={checks} />}</Read>
    </Section>
  );
}

function Checks({ checks }: Pick<DoctorView, "checks">): ReactNode {
  const { columns } = said;
  const failed = checks.filter(({ verdict }) => verdict === "failed").length;
  const warned = checks.filter(({ verdict }) => verdict === "warning").length;
  return (
    <>
      <Notice
        kind={failed > 0 ? "danger" : warned > 0 ? "warning" : "done"}
        title={failed + warned === 0 ? said.all(checks.length) : said.some(failed, warned)}
      />
      <DataTable
        caption={said.caption}
        rows={checks}
        keyOf={({ name, seen }) => `${name} ${seen}`}
        columns={[
          { id: "name", title: columns.name, cell: ({ name }) => name, value: ({ name }) => name },
          {
            id: "verdict",
            title: columns.verdict,
            cell: ({ verdict }) => <Verdict value={marks[verdict]} word={said.verdicts[verdict]} />,
            value: ({ verdict }) => verdict,
          },
          { id: "seen", title: columns.seen, cell: ({ seen }) => seen, value: ({ seen }) => seen },
          { id: "fix", title: columns.fix, cell: ({ fix }) => fix ?? words.parts.none, value: ({ fix }) => fix },
        ]}
        save={{ name: "doctor" }}
      />
    </>
  );
}
