// How the console is built: files named by what they hold, no inline script or style, nothing fetched from elsewhere, and a
// list of the packages in it with their licences.
import { defineConfig } from "vite";
import react from "@vitejs/plugin-react";

// zod writes code at run time where it may; the console's content policy forbids that, and asking would be reported. Said at
// the top of every chunk, because zod looks when its first schema is made.
const banner =
  "/*! Headgate console, Apache-2.0; packages in it: /licences.md */globalThis.__zod_globalConfig={jitless:true};";

// oxlint-disable-next-line import/no-default-export -- where vite looks
export default defineConfig({
  root: import.meta.dirname,
  base: "/",
  plugins: [react()],
  build: {
    target: "es2024",
    outDir: "dist",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    license: { fileName: "licences.md" },
    rolldownOptions: { output: { banner } },
  },
  worker: { format: "es", rolldownOptions: { output: { banner } } },
});
