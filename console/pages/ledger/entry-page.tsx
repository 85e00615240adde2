// The page at /ledger/$entry. Only its frame so far: it says that there is nothing to see yet and which command shows it.
import { createLazyRoute } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Empty } from "../../parts/empty.tsx";
import { Page } from "../../parts/page.tsx";
import { words } from "../../words/words.ts";

export const page = createLazyRoute("/ledger/$entry")({ component: EntryPage });

function EntryPage(): ReactNode {
  return (
    <Page title={words.ledger.title} lead={words.ledger.lead}>
      <Empty title={words.ledger.empty} next={words.ledger.next} />
    </Page>
  );
}
