// What stands around every page: the way to the others at the left, the deployment, the search, the person and Hold at the top.
import { Outlet, useRouter } from "@tanstack/react-router";
import { type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import { Button } from "../parts/button.tsx";
import { NoticesProvider } from "../parts/notices.tsx";
import { ActsProvider } from "../signing/acts.tsx";
import { words } from "../words/words.ts";
import { AskSignIn } from "./ask-sign-in.tsx";
import { Banners } from "./banners.tsx";
import { HoldButton } from "./hold-button.tsx";
import { useKeys } from "./keys.ts";
import { Palette } from "./palette.tsx";
import { Sidebar } from "./sidebar.tsx";
import { Shortcuts } from "./shortcuts.tsx";
import { TopBar } from "./top-bar.tsx";
import styles from "./shell.module.css";

type Over = "palette" | "shortcuts" | "menu" | "hold";

/** Notices and signing lead to pages, so they lie inside what knows the way. */
export function Shell(): ReactNode {
  return (
    <NoticesProvider>
      <ActsProvider>
        <Frame />
      </ActsProvider>
    </NoticesProvider>
  );
}

function Frame(): ReactNode {
  const [over, setOver] = useState<Over | undefined>();
  const close = useCallback(() => {
    setOver(undefined);
  }, []);
  const main = useRef<HTMLElement>(null);
  useFocusOnArrival(main, close);
  useKeys({
    palette: () => {
      setOver("palette");
    },
    shortcuts: () => {
      setOver("shortcuts");
    },
    hold: () => {
      setOver("hold");
    },
    escape: () => {
      // Dialogs close themselves.
      setOver((now) => (now === "menu" ? undefined : now));
    },
  });
  return (
    <div className={styles.shell}>
      <a className={styles.skip} href="#main">
        {words.shell.skip}
      </a>
      <TopBar
        onSearch={() => {
          setOver("palette");
        }}
        onShortcuts={() => {
          setOver("shortcuts");
        }}
        menu={
          <Button
            onPress={() => {
              setOver(over === "menu" ? undefined : "menu");
            }}
          >
            {over === "menu" ? words.shell.closeMenu : words.shell.menu}
          </Button>
        }
        isMenuOpen={over === "menu"}
        hold={
          <HoldButton
            isOpen={over === "hold"}
            onOpen={() => {
              setOver("hold");
            }}
            onClose={close}
          />
        }
      />
      <Banners />
      <Sidebar isOpen={over === "menu"} />
      <main id="main" ref={main} tabIndex={-1} className={styles.main}>
        <Outlet />
      </main>
      <Palette isOpen={over === "palette"} onClose={close} />
      <Shortcuts isOpen={over === "shortcuts"} onClose={close} />
      <AskSignIn />
    </div>
  );
}

/** Whoever goes to another page finds the focus on its heading, and what lay over the page closed. */
function useFocusOnArrival(main: React.RefObject<HTMLElement | null>, close: () => void): void {
  const router = useRouter();
  useEffect(
    () =>
      router.subscribe("onRendered", ({ pathChanged, fromLocation, toLocation }) => {
        if (!pathChanged) return;
        close();
        // An address that names a part of the page: the part takes the focus.
        if (fromLocation === undefined || toLocation.hash !== "") return;
        const heading = main.current?.querySelector<HTMLElement>("h1");
        (heading ?? main.current)?.focus();
      }),
    [router, main, close],
  );
}
