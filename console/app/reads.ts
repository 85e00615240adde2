// How a page reads the server: a path of the contract and the type of its answer. Kept under its path, read again as often as
// asked, and put aside when nobody shows it.
import { type UseQueryResult, useQuery, useQueryClient } from "@tanstack/react-query";
import type { z } from "zod";
import { ask } from "./server.ts";

export interface ReadOptions {
  /** Read again after so long, while it is shown. */
  readonly refreshMs?: number;
  readonly enabled?: boolean;
  /** What was sealed stays as it is: read once for as long as somebody looks at it. */
  readonly isSealed?: boolean;
}

/** `path`: of `pathOf(routes.x, …)`, with its query. The error of the result is a Failure: show it by `<Problem>`. */
export function useView<T>(path: string, type: z.ZodType<T>, options: ReadOptions = {}): UseQueryResult<T> {
  const client = useQueryClient();
  const queryKey = ["view", path];
  return useQuery({
    queryKey,
    // A clock's reads after the first are nobody's being here.
    queryFn: async ({ signal }) => {
      const isBackground = options.refreshMs !== undefined && client.getQueryData(queryKey) !== undefined;
      return ask(path, type, { signal, isBackground });
    },
    enabled: options.enabled ?? true,
    ...(options.isSealed === true ? { staleTime: Infinity } : {}),
    refetchInterval: options.refreshMs ?? false,
  });
}
