// The page at /policy. Only its frame so far: it says that there is nothing to see yet and which command shows it.
import { createLazyRoute } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Empty } from "../../parts/empty.tsx";
import { Page } from "../../parts/page.tsx";
import { words } from "../../words/words.ts";

export const page = createLazyRoute("/policy")({ component: PolicyPage });

function PolicyPage(): ReactNode {
  return (
    <Page title={words.policy.title} lead={words.policy.lead}>
      <Empty title={words.policy.empty} next={words.policy.next} />
    </Page>
  );
}
