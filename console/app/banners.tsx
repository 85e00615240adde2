// What holds for the whole console at the moment: that it is a demo, that the server does not answer, that it has a newer console.
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { Button } from "../parts/button.tsx";
import { classes } from "../parts/classes.ts";
import { useNotice } from "../parts/notices.tsx";
import { words } from "../words/words.ts";
import styles from "./banners.module.css";
import { HoldBar } from "./hold-bar.tsx";
import { useDeployment } from "./deployment.ts";

export function Banners(): ReactNode {
  const deployment = useDeployment();
  const isGone = deployment.isError;
  useReturn(isGone);
  const isStale = useStale();
  const { demo, offline } = words.shell;
  return (
    <div className={styles.banners}>
      <HoldBar />
      <div role="status">
        {deployment.data?.demo === true ? <p className={classes(styles.banner, styles.demo)}>{demo}</p> : null}
        {isGone ? <p className={classes(styles.banner, styles.gone)}>{offline.gone}</p> : null}
        {isStale ? (
          <p className={styles.banner}>
            {offline.newer}{" "}
            <Button
              small
              onPress={() => {
                location.reload();
              }}
            >
              {offline.reload}
            </Button>
          </p>
        ) : null}
      </div>
    </div>
  );
}

/** When the server is back, everything shown is read again, and that is said. */
function useReturn(isGone: boolean): void {
  const client = useQueryClient();
  const say = useNotice();
  const was = useRef(false);
  useEffect(() => {
    if (was.current && !isGone) {
      void client.invalidateQueries();
      say({ kind: "done", title: words.shell.offline.back });
    }
    was.current = isGone;
  }, [isGone, client, say]);
}

/** A page's file that the server has no longer: the server was built anew since this page was loaded. */
function useStale(): boolean {
  const [isStale, setStale] = useState(false);
  useEffect(() => {
    const onMissing = (): void => {
      setStale(true);
    };
    addEventListener("vite:preloadError", onMissing);
    return () => {
      removeEventListener("vite:preloadError", onMissing);
    };
  }, []);
  return isStale;
}
