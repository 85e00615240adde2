// A page that failed while it was drawn, or whose file could not be loaded: said in its place; the rest goes on.
import type { ErrorComponentProps } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Button } from "../parts/button.tsx";
import { Page } from "../parts/page.tsx";
import { words } from "../words/words.ts";

const missingFile = /dynamically imported module|module script|preload CSS/i;

export function PageError({ error, reset }: ErrorComponentProps): ReactNode {
  const { title, lead, again, stale, reload } = words.shell.broken;
  const isStale = error instanceof Error && missingFile.test(error.message);
  return (
    <Page title={title} lead={isStale ? stale : lead}>
      <p>
        <Button
          kind="primary"
          onPress={() => {
            if (isStale) location.reload();
            else reset();
          }}
        >
          {isStale ? reload : again}
        </Button>
      </p>
    </Page>
  );
}
