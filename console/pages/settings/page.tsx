// The page at /settings. Only its frame so far: it says that there is nothing to see yet and which command shows it.
import { createLazyRoute } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Empty } from "../../parts/empty.tsx";
import { Page } from "../../parts/page.tsx";
import { words } from "../../words/words.ts";

export const page = createLazyRoute("/settings")({ component: SettingsPage });

function SettingsPage(): ReactNode {
  return (
    <Page title={words.settings.title} lead={words.settings.lead}>
      <Empty title={words.settings.empty} next={words.settings.next} />
    </Page>
  );
}
