// A link to an address of this console that is known only when it is shown: the page changes without loading anew.
import { useRouter } from "@tanstack/react-router";
import type { MouseEvent, ReactNode } from "react";

export interface GoProps {
  /** Path with query, as in the address bar. */
  readonly href: string;
  readonly className?: string | undefined;
  /** That it is where one is. */
  readonly isCurrent?: boolean;
  readonly children: ReactNode;
}

export function Go({ href, className, isCurrent = false, children }: GoProps): ReactNode {
  const router = useRouter();
  const go = (event: MouseEvent): void => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    router.history.push(href);
  };
  return (
    <a href={href} className={className} aria-current={isCurrent ? "page" : undefined} onClick={go}>
      {children}
    </a>
  );
}
