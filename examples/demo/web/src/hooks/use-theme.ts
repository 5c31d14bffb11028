import { useEffect } from "react";
import { useStored } from "./use-stored.ts";

/** The system's choice, or one of the two. */
export type Theme = "auto" | "light" | "dark";

/** The chosen theme, remembered for all windows; `public/theme.js` reads it before the first paint. */
export function useTheme(): [Theme, (theme: Theme) => void] {
  const [stored, setStored] = useStored("theme");
  const theme = stored === "light" || stored === "dark" ? stored : "auto";
  useEffect(() => {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }, [theme]);
  return [theme, (next) => setStored(next === "auto" ? undefined : next)];
}
