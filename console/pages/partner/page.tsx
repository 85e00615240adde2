// The page at /partner: an organisation's own, for whoever signed in with a key of it.
import { createLazyRoute, useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { PartnerView, partnerRoutes } from "../../../src/control/contract-partner.ts";
import { useView } from "../../app/reads.ts";
import { useSessionState } from "../../app/session.tsx";
import { ConnectCard } from "../../parts/connect-card.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Page } from "../../parts/page.tsx";
import { Problem } from "../../parts/problem.tsx";
import { Section } from "../../parts/section.tsx";
import { words } from "../../words/words.ts";
import { Usage } from "../organisations/usage.tsx";
import { PartnerKeys } from "./keys.tsx";
import { Models } from "./models.tsx";
import { Receipts } from "./receipts.tsx";
import { PartnerSearch } from "./search.ts";
import { Why } from "./why.tsx";

export const page = createLazyRoute("/partner")({ component: PartnerPage });

const said = words.partner;
const refreshMs = 15_000;

function PartnerPage(): ReactNode {
  const { id } = PartnerSearch.parse(page.useSearch());
  const navigate = useNavigate();
  const { session, isPending } = useSessionState();
  const isPerson = session?.kind === "person";
  const view = useView(partnerRoutes.partner, PartnerView, { refreshMs, enabled: !isPending && !isPerson });
  if (isPerson)
    return (
      <Page title={said.title}>
        <Empty title={said.person} next={said.personNext} />
      </Page>
    );
  if (view.data === undefined)
    return (
      <Page title={said.title}>
        {view.error === null ? null : <Problem failure={view.error} retry={() => void view.refetch()} />}
      </Page>
    );
  const { organisation, trust, models, dataPlane, contact, today, usage } = view.data;
  return (
    <Page title={said.title} lead={said.lead(organisation)}>
      <div id="models">
        <Models models={models} />
      </div>
      <div id="use">
        <Usage view={{ today, usage, grants: models }} />
      </div>
      <div id="refusals">
        <Why id={id} onAsk={(asked) => void navigate({ to: "/partner", search: { id: asked }, replace: true })} />
      </div>
      <div id="keys">
        <PartnerKeys view={view.data} />
      </div>
      <Receipts trust={trust} />
      <Section id="connect" title={said.connect.title} lead={said.connect.lead}>
        <ConnectCard dataPlane={dataPlane} model={models[0]?.model} />
      </Section>
      <Section id="contact" title={said.contact.title}>
        <p>{contact ?? said.contact.none}</p>
      </Section>
    </Page>
  );
}
