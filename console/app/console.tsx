// The console composed: what was asked of the server, who is here, what is announced, and the pages.
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { queries } from "./queries.ts";
import { router } from "./router.ts";
import { SessionProvider } from "./session.tsx";
import { ThemeProvider } from "./theme.tsx";

export function Console(): ReactNode {
  return (
    <QueryClientProvider client={queries}>
      <ThemeProvider>
        <SessionProvider>
          <RouterProvider router={router} />
        </SessionProvider>
      </ThemeProvider>
    </QueryClientProvider>
  );
}
