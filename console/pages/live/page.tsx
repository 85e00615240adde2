// The page at /live. Only its frame so far: it says that there is nothing to see yet and which command shows it.
import { createLazyRoute } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Empty } from "../../parts/empty.tsx";
import { Page } from "../../parts/page.tsx";
import { words } from "../../words/words.ts";

export const page = createLazyRoute("/live")({ component: LivePage });

function LivePage(): ReactNode {
  return (
    <Page title={words.live.title} lead={words.live.lead}>
      <Empty title={words.live.empty} next={words.live.next} />
    </Page>
  );
}
