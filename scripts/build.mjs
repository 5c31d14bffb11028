// Compiles src/ to dist/ from scratch, so that a file deleted from src/ never lingers in the package.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, rmSync } from "node:fs";

rmSync("dist", { recursive: true, force: true });
const { status } = spawnSync("tsc", ["-p", "tsconfig.build.json"], { stdio: "inherit", shell: true });
if (status) process.exit(status);
if (existsSync("dist/cli/main.js")) chmodSync("dist/cli/main.js", 0o755);
