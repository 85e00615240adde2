// How to connect: the lines for each maker's client, with this deployment's address in them.
import type { ReactNode } from "react";
import { useDeployment } from "../../app/deployment.ts";
import { ConnectCard } from "../../parts/connect-card.tsx";
import { Section } from "../../parts/section.tsx";
import { words } from "../../words/words.ts";

export function Connect({ models }: { readonly models: readonly string[] }): ReactNode {
  const { title, lead } = words.home.connect;
  const deployment = useDeployment().data;
  if (deployment === undefined) return null;
  return (
    <Section title={title} lead={lead}>
      <ConnectCard dataPlane={deployment.dataPlane} model={models[0]} />
    </Section>
  );
}
