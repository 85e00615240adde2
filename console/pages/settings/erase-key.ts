// The key of this browser is erased from it, and the session that it opened ended: whoever sits here next is nobody.
import { EndedView, sessionRoutes } from "../../../src/control/contract-session.ts";
import { useDeployment } from "../../app/deployment.ts";
import { ask } from "../../app/server.ts";
import { useSessionState } from "../../app/session.tsx";
import { forgetKey } from "../../signing/browser-key.ts";
import { useRefreshSigner } from "../../signing/signer.ts";

export function useEraseKey(): () => Promise<void> {
  const deployment = useDeployment().data?.deployment;
  const refreshSigner = useRefreshSigner();
  const { refresh } = useSessionState();
  return async () => {
    if (deployment !== undefined) await forgetKey(deployment);
    refreshSigner();
    // Where the key was taken away the session has ended by that; then there is nothing to end.
    await ask(sessionRoutes.session, EndedView, { method: "DELETE" }).catch(() => undefined);
    refresh();
  };
}
