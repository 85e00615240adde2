// The way to the pages, or to the parts of an organisation's one page. On a narrow screen it is a menu under the top bar.
import { useRouterState } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { classes } from "../parts/classes.ts";
import { Go } from "../parts/go.tsx";
import { words } from "../words/words.ts";
import styles from "./sidebar.module.css";

export interface SidebarProps {
  readonly entries: readonly { readonly href: string; readonly name: string }[];
  readonly isOpen: boolean;
}

export function Sidebar({ entries, isOpen }: SidebarProps): ReactNode {
  const { pathname, hash } = useRouterState({ select: ({ location }) => location });
  return (
    <nav className={classes(styles.sidebar, isOpen && styles.open)} aria-label={words.shell.navigation}>
      <ul>
        {entries.map(({ href, name }) => (
          <li key={href}>
            <Go href={href} className={styles.link} isCurrent={isAt(href, { pathname, hash })}>
              {name}
            </Go>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** Home is only itself; a page is what lies below it too; a part of a page is where the address names it. */
function isAt(href: string, { pathname, hash }: { readonly pathname: string; readonly hash: string }): boolean {
  const [path = "", part] = href.split("#");
  if (part !== undefined) return path === pathname && part === hash;
  return pathname === path || (path !== "/" && pathname.startsWith(`${path}/`));
}
