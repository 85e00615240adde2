// The page at /partner. Only its frame so far: it says that there is nothing to see yet and which command shows it.
import { createLazyRoute } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Empty } from "../../parts/empty.tsx";
import { Page } from "../../parts/page.tsx";
import { words } from "../../words/words.ts";

export const page = createLazyRoute("/partner")({ component: PartnerPage });

function PartnerPage(): ReactNode {
  return (
    <Page title={words.partner.title} lead={words.partner.lead}>
      <Empty title={words.partner.empty} next={words.partner.next} />
    </Page>
  );
}
