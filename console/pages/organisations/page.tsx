// The page at /organisations. Only its frame so far: it says that there is nothing to see yet and which command shows it.
import { createLazyRoute } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Empty } from "../../parts/empty.tsx";
import { Page } from "../../parts/page.tsx";
import { words } from "../../words/words.ts";

export const page = createLazyRoute("/organisations")({ component: OrganisationsPage });

function OrganisationsPage(): ReactNode {
  return (
    <Page title={words.organisations.title} lead={words.organisations.lead}>
      <Empty title={words.organisations.empty} next={words.organisations.next} />
    </Page>
  );
}
