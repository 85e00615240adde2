// The page at /settings: the deployment itself, part by part. Nothing of the server can be set here; people and their keys can.
import { createLazyRoute, useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Page } from "../../parts/page.tsx";
import { Tabs } from "../../parts/tabs.tsx";
import { words } from "../../words/words.ts";
import { Connections } from "./connections.tsx";
import { Doctor } from "./doctor.tsx";
import { OwnKeys } from "./own-keys.tsx";
import { People } from "./people.tsx";
import { SettingsSearch, tabs } from "./search.ts";
import { Sessions } from "./sessions.tsx";
import { Sources } from "./sources.tsx";
import { Standing } from "./standing.tsx";
import { Trust } from "./trust.tsx";

export const page = createLazyRoute("/settings")({ component: SettingsPage });

const said = words.settings;

const contents = {
  people: <People />,
  keys: <OwnKeys />,
  sessions: <Sessions />,
  trust: <Trust />,
  connections: <Connections />,
  standing: <Standing />,
  settings: <Sources />,
  doctor: <Doctor />,
} as const;

function SettingsPage(): ReactNode {
  const { tab = "people" } = SettingsSearch.parse(page.useSearch());
  const navigate = useNavigate();
  return (
    <Page title={said.title} lead={said.lead}>
      <Tabs
        label={said.label}
        value={tab}
        onChange={(chosen) => void navigate({ to: "/settings", search: { tab: chosen } })}
        tabs={tabs.map((id) => ({ id, title: said.tabs[id], content: contents[id] }))}
      />
    </Page>
  );
}
