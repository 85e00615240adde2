// The next step of a share, and the one before: one person takes either.
import type { ReactNode } from "react";
import type { StatusView } from "../../../src/control/contract.ts";
import { useAct } from "../../signing/acts.tsx";
import { words } from "../../words/words.ts";
import { prepareStep } from "./prepare.ts";
import { useRole, whyNot } from "../../signing/role.ts";
import { ReasonedAct } from "./reasoned-act.tsx";

const said = words.release.acts;

export function StepActs({ status: { model, certified } }: { readonly status: StatusView }): ReactNode {
  const act = useAct();
  const role = useRole();
  const share = certified?.share;
  if (share === null || share === undefined) return null;
  const [wider, narrower] = [share.steps[share.step], share.steps[share.step - 2]];
  const take =
    (verb: "widen" | "narrow") =>
    async (reason: string): ReturnType<typeof act> =>
      act({ verb, prepare: (state) => prepareStep(state, verb, { model, reason }) });
  return (
    <>
      <ReasonedAct
        label={words.release.canary.widen}
        title={said.widenTitle}
        text={said.widenText(wider ?? 1)}
        why={whyNot(role, "widen") ?? (wider === undefined ? said.last : undefined)}
        submit={take("widen")}
      />
      <ReasonedAct
        label={words.release.canary.narrow}
        title={said.narrowTitle}
        text={said.narrowText(narrower ?? 0)}
        why={whyNot(role, "narrow") ?? (narrower === undefined ? said.firstStep : undefined)}
        submit={take("narrow")}
      />
    </>
  );
}
