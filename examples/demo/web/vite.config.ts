import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const source = (entry: string): string => fileURLToPath(new URL(`../../../src/${entry}`, import.meta.url));

/** Builds the demo's page. With `npx vite examples/demo/web` beside `npm start` it reloads as you edit. */
export default defineConfig({
  plugins: [react()],
  resolve: {
    alias: [
      { find: /^pinestream\/client$/, replacement: source("client/index.ts") },
      { find: /^pinestream\/client\/tabs$/, replacement: source("tabs/index.ts") },
      { find: /^pinestream\/react$/, replacement: source("react/index.ts") },
    ],
  },
  build: {
    target: "es2022",
    // The page's policy allows nothing inline.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/api": "http://127.0.0.1:3000" } },
});
