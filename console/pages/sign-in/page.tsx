// The page at /sign-in. Only its frame so far: it says that there is nothing to see yet and which command shows it.
import { createLazyRoute } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Empty } from "../../parts/empty.tsx";
import { Page } from "../../parts/page.tsx";
import { words } from "../../words/words.ts";

export const page = createLazyRoute("/sign-in")({ component: SignInPage });

function SignInPage(): ReactNode {
  return (
    <Page title={words.signIn.title} lead={words.signIn.lead}>
      <Empty title={words.signIn.empty} next={words.signIn.next} />
    </Page>
  );
}
