// Each finding with the rule of the policy that it falls under, and what that makes of it.
import type { ReactNode } from "react";
import type { FindingView, TryView } from "../../../src/control/contract-policy.ts";
import { DataTable } from "../../parts/data-table.tsx";
import { words } from "../../words/words.ts";
import { treatWords } from "./rule-words.ts";
import { verdictWords } from "./verdict-words.ts";

interface Row {
  readonly id: string;
  readonly finding: FindingView;
}

export function TryRulings({ view }: { readonly view: TryView }): ReactNode {
  const { rulings, steps } = words.tryText.result;
  const rows = view.findings.map((finding, at): Row => ({ id: String(at), finding }));
  const columns: Parameters<typeof DataTable<Row>>[0]["columns"] = [
    { id: "found", title: rulings.found, cell: ({ finding }) => words.policy.category[finding.category] },
    { id: "by", title: rulings.by, cell: ({ finding }) => finding.pattern ?? finding.detector },
    { id: "rule", title: rulings.rule, cell: ({ finding }) => ruleWords(finding) },
    { id: "verdict", title: rulings.verdict, cell: ({ finding }) => verdictWords(finding.ruling.verdict) },
  ];
  return (
    <DataTable
      caption={rulings.caption}
      columns={columns}
      rows={rows}
      keyOf={({ id }) => id}
      empty={<p>{steps.noRule}</p>}
    />
  );
}

function ruleWords({ ruling: { rule, by, lifted } }: FindingView): string {
  const { rulings } = words.tryText.result;
  const said = by === "named" ? `${rulings.named}: ${treatWords(rule)}` : rulings[by];
  return lifted ? `${said}; ${rulings.lifted}` : said;
}
