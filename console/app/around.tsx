// What stands around a page, whoever looks: the bar at the top, what holds at the moment, the way at the left, what was done, the page.
import { type ReactNode, useRef } from "react";
import { Button } from "../parts/button.tsx";
import { Notices } from "../parts/notices.tsx";
import { words } from "../words/words.ts";
import { useFocusOnArrival } from "./arrival.ts";
import { AskSignIn } from "./ask-sign-in.tsx";
import { Banners } from "./banners.tsx";
import styles from "./shell.module.css";
import { Sidebar, type SidebarProps } from "./sidebar.tsx";
import { TopBar, type TopBarProps } from "./top-bar.tsx";

export interface AroundProps extends Pick<SidebarProps, "entries">, Omit<TopBarProps, "menu"> {
  readonly onMenu: () => void;
  /** Told when somebody goes to another page. */
  readonly onLeave: () => void;
  readonly children: ReactNode;
}

export function Around({ entries, onMenu, onLeave, children, ...bar }: AroundProps): ReactNode {
  const main = useRef<HTMLElement>(null);
  useFocusOnArrival(main, onLeave);
  const { isMenuOpen } = bar;
  return (
    <div className={styles.shell}>
      <a className={styles.skip} href="#main">
        {words.shell.skip}
      </a>
      <TopBar
        {...bar}
        menu={<Button onPress={onMenu}>{isMenuOpen ? words.shell.closeMenu : words.shell.menu}</Button>}
      />
      <Banners />
      <Sidebar entries={entries} isOpen={isMenuOpen} />
      <Notices />
      <main id="main" ref={main} tabIndex={-1} className={styles.main}>
        {children}
      </main>
      <AskSignIn />
    </div>
  );
}
