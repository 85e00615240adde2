// The page at /evidence. Only its frame so far: it says that there is nothing to see yet and which command shows it.
import { createLazyRoute } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Empty } from "../../parts/empty.tsx";
import { Page } from "../../parts/page.tsx";
import { words } from "../../words/words.ts";

export const page = createLazyRoute("/evidence")({ component: EvidencePage });

function EvidencePage(): ReactNode {
  return (
    <Page title={words.evidence.title} lead={words.evidence.lead}>
      <Empty title={words.evidence.empty} next={words.evidence.next} />
    </Page>
  );
}
