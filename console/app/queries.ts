// What was read of the server, kept for as long as it is shown. A read is tried again by people or by its refresh, not by itself:
// a refusal is shown at once. One for want of a session has it asked at once who is here, also where nobody shows that refusal.
import { QueryCache, QueryClient } from "@tanstack/react-query";
import { failureCode } from "../../src/terms/failure.ts";

const queryCache = new QueryCache({
  onError: (error) => {
    if (failureCode(error) === "session_missing") void queries.invalidateQueries({ queryKey: ["session"] });
  },
});

export const queries: QueryClient = new QueryClient({
  queryCache,
  defaultOptions: {
    queries: { retry: false, staleTime: 5_000, gcTime: 60_000, refetchOnWindowFocus: true },
  },
});
