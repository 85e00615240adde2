// How to connect: the lines for each maker's client, with this deployment's address in them.
import { type ReactNode, useState } from "react";
import { DeploymentView, routes } from "../../../src/control/contract.ts";
import { useView } from "../../app/reads.ts";
import { Code } from "../../parts/code.tsx";
import { Section } from "../../parts/section.tsx";
import { Tabs } from "../../parts/tabs.tsx";
import { words } from "../../words/words.ts";
import { type Client, clients, linesFor } from "../../parts/client-lines.ts";

export function Connect({ models }: { readonly models: readonly string[] }): ReactNode {
  const said = words.home.connect;
  const [client, setClient] = useState<Client>("openai");
  const deployment = useView(routes.deployment, DeploymentView);
  if (deployment.data === undefined) return null;
  const around = { url: deployment.data.dataPlane, key: said.key, model: models[0] ?? "MODEL" };
  return (
    <Section title={said.title} lead={said.lead}>
      <Tabs
        label={said.label}
        value={client}
        onChange={setClient}
        tabs={clients.map((id) => ({
          id,
          title: said.tabs[id],
          content: <Code text={linesFor[id](around)} what={said.copy(said.tabs[id])} />,
        }))}
      />
    </Section>
  );
}
