// Compiles src/ to dist/ from scratch, so that a file deleted from src/ never lingers in the package; and builds the
// demo's page, where it is older than its sources.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, rmSync } from "node:fs";

rmSync("dist", { recursive: true, force: true });
const { status } = spawnSync("tsc", ["-p", "tsconfig.build.json"], { stdio: "inherit", shell: true });
if (status) process.exit(status);
if (existsSync("dist/cli/main.js")) chmodSync("dist/cli/main.js", 0o755);

// The demo's page, in a checkout with all that it is built of; the packed package has no examples.
if (["examples/demo/web", "node_modules/vite", "node_modules/tsx"].every((path) => existsSync(path))) {
  const built = spawnSync(process.execPath, ["--import", "tsx", "examples/demo/page-build.ts"], {
    stdio: "inherit",
  });
  if (built.status !== 0) process.exit(built.status ?? 1);
}
