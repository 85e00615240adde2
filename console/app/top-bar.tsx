// The bar at the top: which deployment this is, the search, colours, who is here, and Hold always at the right.
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Button } from "../parts/button.tsx";
import { classes } from "../parts/classes.ts";
import { words } from "../words/words.ts";
import { useDeployment } from "./deployment.ts";
import { useSession } from "./session.tsx";
import { themes, useTheme } from "./theme.tsx";
import styles from "./top-bar.module.css";

export interface TopBarProps {
  /** Where the name at the left leads. */
  readonly home: "/" | "/partner";
  readonly search?: ReactNode;
  readonly keys?: ReactNode;
  readonly menu: ReactNode;
  /** Whether what a narrow screen has no room for is shown. */
  readonly isMenuOpen: boolean;
  readonly hold?: ReactNode;
}

export function SearchButton({ onPress }: { readonly onPress: () => void }): ReactNode {
  return (
    <Button onPress={onPress}>
      {words.shell.search}
      <kbd className={styles.keys}>{words.shell.searchKeys}</kbd>
    </Button>
  );
}

export function TopBar({ home, search, keys, menu, isMenuOpen, hold }: TopBarProps): ReactNode {
  const deployment = useDeployment();
  return (
    <header className={styles.bar}>
      <div className={styles.menu}>{menu}</div>
      <Link to={home} className={styles.name}>
        <span className={styles.product}>{words.shell.product}</span>
        <span className={styles.deployment}>{deployment.data?.deployment ?? ""}</span>
      </Link>
      <div className={styles.middle}>{search}</div>
      <div className={classes(styles.aside, isMenuOpen && styles.open)}>
        <ThemeChoice />
        {keys}
        <Here />
      </div>
      <div className={styles.hold}>{hold}</div>
    </header>
  );
}

function Here(): ReactNode {
  const session = useSession();
  const { signIn, signedInAs, partner } = words.shell.session;
  if (session === null) {
    return (
      <Link to="/sign-in" className={styles.here}>
        {signIn}
      </Link>
    );
  }
  if (session.kind === "partner") {
    return (
      <Link to="/sign-in" className={styles.here}>
        {signedInAs(session.organisation, partner)}
      </Link>
    );
  }
  return (
    <Link to="/settings" className={styles.here}>
      {signedInAs(session.name ?? session.person, session.role)}
    </Link>
  );
}

function ThemeChoice(): ReactNode {
  const { theme, choose } = useTheme();
  return (
    <select
      className={styles.theme}
      aria-label={words.shell.theme.label}
      value={theme}
      onChange={({ currentTarget }) => {
        const chosen = themes.find((one) => one === currentTarget.value);
        if (chosen !== undefined) choose(chosen);
      }}
    >
      {themes.map((one) => (
        <option key={one} value={one}>
          {words.shell.theme[one]}
        </option>
      ))}
    </select>
  );
}
