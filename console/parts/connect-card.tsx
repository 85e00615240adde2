// How a client is pointed at this deployment: the lines for each of them, with the key where it is at hand.
import { type ReactNode, useState } from "react";
import { words } from "../words/words.ts";
import { type Around, type Client, clients, linesFor } from "./client-lines.ts";
import { Code } from "./code.tsx";
import { Tabs } from "./tabs.tsx";

export interface ConnectCardProps {
  /** Base address of the data plane. */
  readonly dataPlane: string;
  readonly model: string | undefined;
  /** The secret, once it was made; else what stands in its place. */
  readonly secret?: string | undefined;
}

export function ConnectCard({ dataPlane, model, secret }: ConnectCardProps): ReactNode {
  const said = words.parts.connect;
  const [client, setClient] = useState<Client>("openai");
  const around: Around = {
    url: dataPlane.replace(/\/+$/, ""),
    key: secret ?? said.key,
    model: model ?? said.model,
  };
  return (
    <Tabs
      label={said.label}
      value={client}
      onChange={setClient}
      tabs={clients.map((id) => ({
        id,
        title: said.tabs[id],
        content: <Code text={linesFor[id](around)} what={said.linesFor(said.tabs[id])} />,
      }))}
    />
  );
}
