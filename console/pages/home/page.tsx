// Home: what needs the one who is here, and others; the first run's steps while they are not all done; how to connect a client, and a
// box that sends one request.
import { createLazyRoute } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { NeedsView, needsRoutes } from "../../../src/control/contract-needs.ts";
import { useView } from "../../app/reads.ts";
import { Page } from "../../parts/page.tsx";
import { Problem } from "../../parts/problem.tsx";
import { words } from "../../words/words.ts";
import { Connect } from "./connect.tsx";
import { FirstRun } from "./first-run.tsx";
import { NeedList } from "./need-list.tsx";
import { SendRequest } from "./send-request.tsx";
import { Standings } from "./standings.tsx";

export const page = createLazyRoute("/")({ component: HomePage });

const refreshMs = 5_000;

function HomePage(): ReactNode {
  const read = useView(needsRoutes.needs, NeedsView, { refreshMs });
  const { data, error } = read;
  return (
    <Page title={words.home.title} lead={words.home.lead}>
      {error === null ? null : <Problem failure={error} retry={() => void read.refetch()} />}
      {data === undefined ? null : (
        <>
          <NeedList view={data} />
          <Standings models={data.models} />
          <FirstRun view={data} />
          <Connect models={data.models.map(({ model }) => model)} />
          <SendRequest models={data.models.map(({ model }) => model)} />
        </>
      )}
    </Page>
  );
}
