// For an address of the console that leads nowhere.
import type { ReactNode } from "react";
import { Empty } from "../parts/empty.tsx";
import { Go } from "../parts/go.tsx";
import { Page } from "../parts/page.tsx";
import { words } from "../words/words.ts";

export function LostPage(): ReactNode {
  const { title, lead, empty, next } = words.shell.lost;
  return (
    <Page title={title} lead={lead}>
      <Empty title={empty} next={<Go href="/">{next}</Go>} />
    </Page>
  );
}
