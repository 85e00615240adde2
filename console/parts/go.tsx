// A link to an address of this console that is known only when it is shown: the page changes without loading anew.
import { useRouter } from "@tanstack/react-router";
import type { MouseEvent, ReactNode } from "react";

export interface GoProps {
  /** Path with query, as in the address bar. */
  readonly href: string;
  readonly children: ReactNode;
}

export function Go({ href, children }: GoProps): ReactNode {
  const router = useRouter();
  const go = (event: MouseEvent): void => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    router.history.push(href);
  };
  return (
    <a href={href} onClick={go}>
      {children}
    </a>
  );
}
