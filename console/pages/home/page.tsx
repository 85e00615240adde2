// The page at /. Only its frame so far: it says that there is nothing to see yet and which command shows it.
import { createLazyRoute } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Empty } from "../../parts/empty.tsx";
import { Page } from "../../parts/page.tsx";
import { words } from "../../words/words.ts";

export const page = createLazyRoute("/")({ component: HomePage });

function HomePage(): ReactNode {
  return (
    <Page title={words.home.title} lead={words.home.lead}>
      <Empty title={words.home.empty} next={words.home.next} />
    </Page>
  );
}
