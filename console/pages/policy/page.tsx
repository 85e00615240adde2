// The page at /policy: what is prohibited and for whom, in plain words, in force and as the candidate would have it.
import { createLazyRoute } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { RulesSlot, RulesView } from "../../../src/control/contract-policy.ts";
import type { CategoryRule } from "../../../src/policy/policy-document.ts";
import { DataTable } from "../../parts/data-table.tsx";
import { Notice } from "../../parts/notice.tsx";
import { Section } from "../../parts/section.tsx";
import { words } from "../../words/words.ts";
import { type Difference, differencesOf } from "./difference.ts";
import { PolicyFrame } from "./frame.tsx";
import styles from "./policy.module.css";
import { actionWords, moreWords, treatWords, unnamedIn } from "./rule-words.ts";
import { SlotFacts, slotLead } from "./slot-facts.tsx";

export const page = createLazyRoute("/policy")({ component: PolicyPage });

function PolicyPage(): ReactNode {
  return (
    <PolicyFrame here="/policy" title={words.policy.title} lead={words.policy.lead}>
      {(rules) => <Rules rules={rules} />}
    </PolicyFrame>
  );
}

function Rules({ rules }: { readonly rules: RulesView }): ReactNode {
  const [first, second] = rules.slots;
  return (
    <>
      <Restrictions rules={rules} />
      {first === undefined ? null : <PolicySlot slot={first} rules={rules} />}
      {first === undefined || second === undefined ? null : <Differences now={first} next={second} />}
    </>
  );
}

function Restrictions({ rules: { restrictions } }: { readonly rules: RulesView }): ReactNode {
  const { restriction, category } = words.policy;
  return restrictions.map(({ restriction: id, limit }) => (
    <Notice key={id} kind="warning">
      <p>
        {limit.kind === "category-prohibited"
          ? restriction.category(category[limit.category])
          : restriction.tokens(limit.max)}
      </p>
    </Notice>
  ));
}

function PolicySlot({ slot, rules }: { readonly slot: RulesSlot; readonly rules: RulesView }): ReactNode {
  const said = words.policy;
  const { document } = slot.policy;
  const unnamed = unnamedIn(document);
  const more = moreWords(document);
  return (
    <>
      <Section title={said.slot[slot.slot]} lead={slotLead(slot, rules)}>
        <SlotFacts slot={slot} kind="policy" />
        {slot.certificate?.mode === "observe" ? (
          <Notice kind="warning">
            <p>{said.observe}</p>
          </Notice>
        ) : null}
      </Section>
      <Section title={said.rules.title} lead={said.rules.lead}>
        <DataTable
          caption={said.rules.caption}
          columns={columnsOf(slot)}
          rows={document.categories}
          keyOf={({ category }) => category}
          empty={null}
        />
        <p className={styles.note}>
          {unnamed.length === 0
            ? said.rules.none
            : said.rules.unnamed(unnamed.map((category) => said.category[category]).join(", "))}
        </p>
      </Section>
      <Section title={said.more.title}>
        <ul className={styles.list}>
          <li>{said.more.unknown}</li>
          <li>{more.review}</li>
          <li>{more.rewordings}</li>
          <li>{more.tell}</li>
        </ul>
      </Section>
    </>
  );
}

function columnsOf({ policy: { document } }: RulesSlot): Parameters<typeof DataTable<CategoryRule>>[0]["columns"] {
  const { rules, category } = words.policy;
  return [
    { id: "category", title: rules.category, cell: (rule) => category[rule.category] },
    { id: "treat", title: rules.treat, cell: treatWords },
    { id: "input", title: rules.input, cell: (rule) => actionWords(rule, "input", document) },
    { id: "output", title: rules.output, cell: (rule) => actionWords(rule, "output", document) },
  ];
}

function Differences({ now, next }: { readonly now: RulesSlot; readonly next: RulesSlot }): ReactNode {
  const { difference } = words.policy;
  return (
    <Section title={difference.title} lead={difference.lead}>
      <SlotFacts slot={next} kind="policy" />
      <DataTable
        caption={difference.caption}
        columns={differenceColumns()}
        rows={differencesOf(now, next)}
        keyOf={({ what }) => what}
        empty={<p>{difference.none}</p>}
      />
    </Section>
  );
}

function differenceColumns(): Parameters<typeof DataTable<Difference>>[0]["columns"] {
  const { difference } = words.policy;
  return [
    { id: "what", title: difference.what, cell: ({ what }) => what },
    { id: "now", title: difference.now, cell: ({ now }) => <Lines text={now} /> },
    { id: "next", title: difference.next, cell: ({ next }) => <Lines text={next} /> },
  ];
}

function Lines({ text }: { readonly text: string }): ReactNode {
  return (
    <div className={styles.lines}>
      {text.split("\n").map((line) => (
        <span key={line}>{line}</span>
      ))}
    </div>
  );
}
