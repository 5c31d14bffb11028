import { useTheme, type Theme } from "../hooks/use-theme.ts";

const CHOICES: { theme: Theme; label: string }[] = [
  { theme: "auto", label: "Auto" },
  { theme: "light", label: "Day" },
  { theme: "dark", label: "Night" },
];

/** By which light the page is shown. */
export function ThemeChoice() {
  const [chosen, choose] = useTheme();
  return (
    <fieldset className="segmented">
      <legend className="visually-hidden">Colours</legend>
      {CHOICES.map(({ theme, label }) => (
        <label key={theme}>
          <input type="radio" name="theme" checked={chosen === theme} onChange={() => choose(theme)} />
          <span>{label}</span>
        </label>
      ))}
    </fieldset>
  );
}
