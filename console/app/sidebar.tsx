// The way to the pages. On a narrow screen it is a menu under the top bar.
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { classes } from "../parts/classes.ts";
import { words } from "../words/words.ts";
import { pages } from "./pages.ts";
import styles from "./sidebar.module.css";

export function Sidebar({ isOpen }: { readonly isOpen: boolean }): ReactNode {
  return (
    <nav className={classes(styles.sidebar, isOpen && styles.open)} aria-label={words.shell.navigation}>
      <ul>
        {pages.map(({ to, name }) => (
          <li key={to}>
            <Link
              to={to}
              className={styles.link}
              activeOptions={{ exact: to === "/" }}
              activeProps={{ "aria-current": "page" }}
            >
              {name}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
