import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, transformWithEsbuild, type Rollup } from "vite";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** A module and all that it imports, as one script for browsers. */
export interface Bundle {
  code: string;
  /** Every module in it, below the repository's root, and what could not be bundled under its own name. */
  modules: string[];
}

/**
 * Bundles a module of the repository for browsers: as `es` it is minified, to be measured; as `iife` it is to run in a
 * page, its exports in the global variable `bundle`. React, where it is imported, is the one for development, unless
 * `external` leaves it out; `react` is the folder of another one, with `react-dom` beside it.
 */
export async function bundleForBrowsers(
  path: string,
  format: "es" | "iife",
  external: RegExp = /^node:/,
  react?: string,
): Promise<Bundle> {
  const isMeasured = format === "es";
  const output = (await build({
    root: ROOT,
    configFile: false,
    logLevel: "silent",
    resolve: {
      alias: {
        "pinestream/client/tabs": `${ROOT}src/tabs/index.ts`,
        "pinestream/client": `${ROOT}src/client/index.ts`,
        "pinestream/react": `${ROOT}src/react/index.ts`,
        ...(react && { react, "react-dom": join(react, "../react-dom") }),
      },
    },
    define: { "process.env.NODE_ENV": JSON.stringify("development") },
    build: {
      write: false,
      minify: isMeasured && "esbuild",
      target: "es2022",
      lib: { entry: `${ROOT}${path}`, formats: [format], name: "bundle" },
      rollupOptions: { external },
    },
  })) as Rollup.RollupOutput[];
  const [chunk, ...others] = output.flatMap((each) => each.output);
  if (chunk?.type !== "chunk" || others.length > 0) throw new Error(`${path} gives more than one script`);
  const modules = chunk.moduleIds.map((id) => id.replace(ROOT, ""));
  let { code } = chunk;
  if (isMeasured) {
    // Of a library Vite leaves the blanks to whoever bundles it for good.
    ({ code } = await transformWithEsbuild(code, "bundle.js", { minify: true, target: "es2022" }));
  }
  return { code, modules: [...modules, ...chunk.imports, ...chunk.dynamicImports] };
}
