// The page at /release/$model: where it stands, why not further, its canary, what is proposed, and what stops it. Read again every few
// seconds while it is looked at; a wider stage than the next may be asked for in the address.
import { createLazyRoute, useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { z } from "zod";
import { pathOf } from "../../../src/control/contract-paths.ts";
import { StatusView, routes } from "../../../src/control/contract.ts";
import { useView } from "../../app/reads.ts";
import { Page } from "../../parts/page.tsx";
import { Problem } from "../../parts/problem.tsx";
import { words } from "../../words/words.ts";
import { Canary } from "./canary.tsx";
import { Gate } from "./gate.tsx";
import { Ladder } from "./ladder.tsx";
import { Proposals } from "./proposals.tsx";
import { Search } from "./search.ts";
import { Standing } from "./standing.tsx";
import { StepActs } from "./step-acts.tsx";
import { Stops } from "./stops.tsx";

export const page = createLazyRoute("/release/$model")({ component: ModelPage });

const Params = z.object({ model: z.string() });

const refreshMs = 4_000;

function ModelPage(): ReactNode {
  const { model } = Params.parse(page.useParams());
  const { gate, proposal } = Search.parse(page.useSearch());
  const navigate = useNavigate();
  const query = gate === undefined ? "" : `?gate=${gate}`;
  const { data, error, refetch } = useView(pathOf(routes.status, { model }) + query, StatusView, { refreshMs });
  return (
    <Page title={model} lead={words.release.modelLead}>
      {error === null ? null : <Problem failure={error} retry={() => void refetch()} />}
      {data === undefined ? null : (
        <>
          <Standing status={data} />
          <Ladder status={data} />
          <Gate
            status={data}
            asked={gate}
            onAsk={(stage) =>
              void navigate({ to: "/release/$model", params: { model }, search: { gate: stage, proposal } })
            }
          />
          <Canary status={data} actions={<StepActs status={data} />} />
          <Proposals status={data} named={proposal} />
          <Stops status={data} />
        </>
      )}
    </Page>
  );
}
