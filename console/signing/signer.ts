// Who can sign in this browser: the person whose key is kept here for this deployment.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useDeployment } from "../app/deployment.ts";
import { type BrowserKey, readKey } from "./browser-key.ts";

/** `null`: no key here; undefined: not looked yet. */
export function useBrowserKey(): BrowserKey | null | undefined {
  const deployment = useDeployment().data?.deployment;
  const read = useQuery({
    queryKey: ["browser-key", deployment],
    queryFn: async () => (deployment === undefined ? null : ((await readKey(deployment)) ?? null)),
    enabled: deployment !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return read.data;
}

export type SignerHere = Pick<BrowserKey, "person" | "role" | "publicKey">;

/** Null where this browser has no key: then an act says how to come to one. */
export function useSigner(): SignerHere | null {
  return useBrowserKey() ?? null;
}

/** After a key was made or given up. */
export function useRefreshSigner(): () => void {
  const client = useQueryClient();
  return () => {
    void client.invalidateQueries({ queryKey: ["browser-key"] });
  };
}
