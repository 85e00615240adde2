// The bar at the top: which deployment this is, the search, colours, who is here, and Hold always at the right.
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Button } from "../parts/button.tsx";
import { words } from "../words/words.ts";
import { useDeployment } from "./deployment.ts";
import { useSession } from "./session.tsx";
import { themes, useTheme } from "./theme.tsx";
import styles from "./top-bar.module.css";

export interface TopBarProps {
  readonly onSearch: () => void;
  readonly onShortcuts: () => void;
  readonly menu: ReactNode;
  readonly hold: ReactNode;
}

export function TopBar({ onSearch, onShortcuts, menu, hold }: TopBarProps): ReactNode {
  const deployment = useDeployment();
  return (
    <header className={styles.bar}>
      <div className={styles.menu}>{menu}</div>
      <Link to="/" className={styles.name}>
        <span className={styles.product}>{words.shell.product}</span>
        <span className={styles.deployment}>{deployment.data?.deployment ?? ""}</span>
      </Link>
      <div className={styles.middle}>
        <Button onPress={onSearch}>
          {words.shell.search}
          <kbd className={styles.keys}>{words.shell.searchKeys}</kbd>
        </Button>
      </div>
      <div className={styles.end}>
        <div className={styles.aside}>
          <ThemeChoice />
          <Button label={words.shell.shortcuts.open} onPress={onShortcuts}>
            {words.shell.shortcuts.question}
          </Button>
        </div>
        <Here />
        {hold}
      </div>
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
      <Link to="/partner" className={styles.here}>
        {signedInAs(session.organisation, partner)}
      </Link>
    );
  }
  return (
    <Link to="/settings" className={styles.here}>
      {signedInAs(session.person, session.role)}
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
