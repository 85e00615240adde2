// What stands around every page: the way to the others at the left, the deployment, the search, the person and Hold at the top.
import { Outlet } from "@tanstack/react-router";
import { type ReactNode, useCallback, useState } from "react";
import { Button } from "../parts/button.tsx";
import { NoticesProvider } from "../parts/notices.tsx";
import { ActsProvider } from "../signing/acts.tsx";
import { words } from "../words/words.ts";
import { Around } from "./around.tsx";
import { HoldButton } from "./hold-button.tsx";
import { useKeys } from "./keys.ts";
import { pages } from "./pages.ts";
import { Palette } from "./palette.tsx";
import { PartnerFrame, isOfPartner } from "./partner-frame.tsx";
import { useSessionState } from "./session.tsx";
import { Shortcuts } from "./shortcuts.tsx";
import { SearchButton } from "./top-bar.tsx";

const entries = pages.map(({ to, name }) => ({ href: to, name }));

type Over = "palette" | "shortcuts" | "menu" | "hold";

/** Notices and signing lead to pages, so they lie inside what knows the way. */
export function Shell(): ReactNode {
  return (
    <NoticesProvider>
      <ActsProvider>
        <Framed />
      </ActsProvider>
    </NoticesProvider>
  );
}

/** An organisation that signed in with its key has a frame of its own: nothing of the operator's is offered to it. */
function Framed(): ReactNode {
  return isOfPartner(useSessionState()) ? <PartnerFrame /> : <Frame />;
}

function Frame(): ReactNode {
  const [over, setOver] = useState<Over | undefined>();
  const close = useCallback(() => {
    setOver(undefined);
  }, []);
  const opens = (what: Over) => (): void => {
    setOver(what);
  };
  const { open, question } = words.shell.shortcuts;
  useKeys({
    palette: opens("palette"),
    shortcuts: opens("shortcuts"),
    hold: opens("hold"),
    escape: () => {
      // Dialogs close themselves.
      setOver((now) => (now === "menu" ? undefined : now));
    },
  });
  return (
    <>
      <Around
        home="/"
        entries={entries}
        search={<SearchButton onPress={opens("palette")} />}
        keys={
          <Button label={open} onPress={opens("shortcuts")}>
            {question}
          </Button>
        }
        hold={<HoldButton isOpen={over === "hold"} onOpen={opens("hold")} onClose={close} />}
        isMenuOpen={over === "menu"}
        onMenu={over === "menu" ? close : opens("menu")}
        onLeave={close}
      >
        <Outlet />
      </Around>
      <Palette isOpen={over === "palette"} onClose={close} />
      <Shortcuts isOpen={over === "shortcuts"} onClose={close} />
    </>
  );
}
