// Sets light or dark before anything is painted: a classic script that the page waits for. console/app/theme.tsx goes on from here.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("headgate-theme");
  } catch {
    // Where nothing may be kept, the system's colours are shown.
  }
  const isDark = chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = isDark ? "dark" : "light";
})();
