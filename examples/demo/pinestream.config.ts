import { defineConfig } from "pinestream";

// `npm run demo:generate` writes both; `npm test` fails while they are not up to date.
export default defineConfig({
  models: "models/*.model.ts",
  manifest: "pinestream.manifest.json",
  clients: [{ output: "web/generated/api.ts" }],
});
