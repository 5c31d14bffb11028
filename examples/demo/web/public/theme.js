// Before the page is painted, so that nobody who works at night is dazzled. The rest is in src/hooks/use-theme.ts.
try {
  const theme = localStorage.getItem("kestrel-quay.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // No storage here: the system's theme it is.
}
