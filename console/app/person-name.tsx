// A person by their name, where this server knows it; their id until then, and behind it.
import type { ReactNode } from "react";
import { PeopleView, settingsRoutes } from "../../src/control/contract-settings.ts";
import { useView } from "./reads.ts";

export function PersonName({ person }: { readonly person: string }): ReactNode {
  const { data } = useView(settingsRoutes.people, PeopleView);
  const name = data?.people.find((one) => one.person === person)?.name;
  return <span title={person}>{name ?? person}</span>;
}
