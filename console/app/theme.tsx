// Light, dark, or as the system has it; kept in this browser.
import { type ReactNode, createContext, use, useEffect, useMemo, useState } from "react";

export const themes = ["system", "light", "dark"] as const;
type Theme = (typeof themes)[number];

interface Chosen {
  readonly theme: Theme;
  readonly choose: (theme: Theme) => void;
}

const Context = createContext<Chosen>({ theme: "system", choose: () => undefined });
const place = "headgate-theme";
const darkMedia = matchMedia("(prefers-color-scheme: dark)");

export function ThemeProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const [theme, setTheme] = useState<Theme>(
    () => themes.find((one) => one === localStorage.getItem(place)) ?? "system",
  );
  useEffect(() => {
    const show = (): void => {
      const isDark = theme === "dark" || (theme === "system" && darkMedia.matches);
      document.documentElement.dataset["theme"] = isDark ? "dark" : "light";
    };
    show();
    darkMedia.addEventListener("change", show);
    return () => {
      darkMedia.removeEventListener("change", show);
    };
  }, [theme]);
  const chosen = useMemo(
    () => ({
      theme,
      choose: (next: Theme) => {
        localStorage.setItem(place, next);
        setTheme(next);
      },
    }),
    [theme],
  );
  return <Context value={chosen}>{children}</Context>;
}

export function useTheme(): Chosen {
  return use(Context);
}
