// The page at /policy/try: a text, by what and as whom it is judged, and every step of what it comes to. The text stays in this page's
// memory alone: it is in no address, in no storage, and nothing that is answered is kept.
import { createLazyRoute } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { type RulesView, type TryRequest, TryView, policyRoutes } from "../../../src/control/contract-policy.ts";
import { ask } from "../../app/server.ts";
import { Problem } from "../../parts/problem.tsx";
import { words } from "../../words/words.ts";
import { PolicyFrame } from "./frame.tsx";
import { TryForm } from "./try-form.tsx";
import { TryResult } from "./try-result.tsx";

export const page = createLazyRoute("/policy/try")({ component: TryPage });

function TryPage(): ReactNode {
  const { title, lead } = words.tryText;
  return (
    <PolicyFrame here="/policy/try" title={title} lead={lead}>
      {(rules) => <Trying key={rules.model} rules={rules} />}
    </PolicyFrame>
  );
}

interface Tried {
  readonly asked: TryRequest;
  readonly view: TryView;
}

function Trying({ rules }: { readonly rules: RulesView }): ReactNode {
  const [tried, setTried] = useState<Tried | undefined>();
  const [failure, setFailure] = useState<unknown>();
  const [isTrying, setTrying] = useState(false);
  const go = (asked: TryRequest): void => {
    setTrying(true);
    setFailure(undefined);
    ask(policyRoutes.try, TryView, { method: "POST", body: asked })
      .then((view) => {
        setTried({ asked, view });
      }, setFailure)
      .finally(() => {
        setTrying(false);
      });
  };
  return (
    <>
      <TryForm rules={rules} isTrying={isTrying} onTry={go} />
      <div aria-live="polite">
        {failure === undefined ? null : <Problem failure={failure} />}
        {tried === undefined || failure !== undefined ? null : <TryResult {...tried} rules={rules} />}
      </div>
    </>
  );
}
