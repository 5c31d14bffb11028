import { fileURLToPath } from "node:url";
import { configDefaults, defineConfig } from "vitest/config";
import manifest from "./package.json" with { type: "json" };

/** Every entry point that the package exports, mapped from its build to its source. */
const alias = Object.entries(manifest.exports).flatMap(([entry, target]) => {
  if (typeof target === "string") return [];
  const source = target.default.replace("./dist/", "./src/").replace(/\.js$/, ".ts");
  return {
    find: new RegExp(`^pinestream${entry.slice(1)}$`),
    replacement: fileURLToPath(new URL(source, import.meta.url)),
  };
});

/** Takes all that the machine has, so that whatever ran beside it would be slow. */
const BENCHMARK = "bench/bench.test.ts";

export default defineConfig({
  resolve: { alias },
  test: {
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: "forks",
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: "tests",
          include: ["src/**/*.test.ts", "test/**/*.test.ts", "bench/**/*.test.ts"],
          exclude: [...configDefaults.exclude, BENCHMARK],
          sequence: { groupOrder: 0 },
        },
      },
      { extends: true, test: { name: "benchmark", include: [BENCHMARK], sequence: { groupOrder: 1 } } },
    ],
  },
});
