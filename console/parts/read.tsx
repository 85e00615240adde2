// A part of a page that stands on one answer of the server: what went wrong, nothing while it is awaited, or what is made of it.
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { words } from "../words/words.ts";
import { Problem } from "./problem.tsx";

export interface ReadProps<T> {
  readonly of: UseQueryResult<T>;
  readonly children: (data: T) => ReactNode;
}

export function Read<T>({ of, children }: ReadProps<T>): ReactNode {
  if (of.data !== undefined) return children(of.data);
  if (of.error !== null) return <Problem failure={of.error} retry={() => void of.refetch()} />;
  return <p role="status">{words.parts.loading}</p>;
}
