// The page at /release/$model. Only its frame so far: it says that there is nothing to see yet and which command shows it.
import { createLazyRoute } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Empty } from "../../parts/empty.tsx";
import { Page } from "../../parts/page.tsx";
import { words } from "../../words/words.ts";

export const page = createLazyRoute("/release/$model")({ component: ModelPage });

function ModelPage(): ReactNode {
  return (
    <Page title={words.release.title} lead={words.release.lead}>
      <Empty title={words.release.empty} next={words.release.next} />
    </Page>
  );
}
