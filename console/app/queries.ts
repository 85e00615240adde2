// What was read of the server, kept for as long as it is shown. A read is tried again by people or by its refresh, not by itself:
// a refusal is shown at once.
import { QueryClient } from "@tanstack/react-query";

export const queries = new QueryClient({
  defaultOptions: {
    queries: { retry: false, staleTime: 5_000, gcTime: 60_000, refetchOnWindowFocus: true },
  },
});
