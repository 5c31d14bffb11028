// `pinestream generate --watch` as a process of its own: what it sees, what it survives, and how it ends.
import { spawn, type ChildProcess } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { waitFor } from "../helpers/wait-for.ts";
import { Project } from "./project.ts";

// Each run loads the compiler and starts a process.
vi.setConfig({ testTimeout: 600_000 });

const BOUND = { boundMs: 120_000 };

const model = (name: string, method: string, imports = ""): string => `
  import { api, z } from "pinestream";
  ${imports}
  export class ${name} { @api({ params: z.object({ id: z.number() }) }) async ${method}(_id: number) { return { a: 1 }; } }`;

interface Watching {
  process: ChildProcess;
  output: () => string;
}

function watch(project: Project): Watching {
  const script = join(project.root, "../node_modules/pinestream/dist/cli/main.js");
  const child = spawn(process.execPath, [script, "generate", "--watch"], {
    cwd: project.root,
    stdio: "pipe",
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  }
  onTestFinished(() => void child.kill("SIGKILL"));
  return { process: child, output: () => output };
}

/** Waits until the client has, or no longer has, a text. */
async function comes(project: Project, { output }: Watching, text: string, isThere = true): Promise<void> {
  const read = (): string => {
    try {
      return project.read("src/generated/api.ts");
    } catch {
      return "";
    }
  };
  const what = (): string => `${isThere ? "" : "no "}${text} in the client; it printed:\n${output()}`;
  await waitFor(() => read() !== "" && read().includes(text) === isThere, { ...BOUND, what });
}

test("what models import, new and removed models, and the configuration are seen; errors are survived", async () => {
  const project = new Project("watched", {
    "src/pier.model.ts": model("PierModel", "length", 'import { unit } from "./unit.ts"; void unit;').replace(
      "return { a: 1 }",
      "return { length: 1, unit }",
    ),
    "src/unit.ts": 'export const unit: "m" = "m";',
  });
  const watching = watch(project);
  await comes(project, watching, 'unit: "m"');
  await waitFor(() => watching.output().includes("Watching"), { ...BOUND, what: "the word that it watches" });

  project.write({ "src/unit.ts": 'export const unit: "ft" = "ft";' });
  await comes(project, watching, 'unit: "ft"');

  project.write({ "src/unit.ts": "export const unit: = ;" });
  await waitFor(() => watching.output().includes("src/pier.model.ts cannot be loaded"), {
    ...BOUND,
    what: watching.output,
  });
  project.write({ "src/unit.ts": 'export const unit: "km" = "km";' });
  await comes(project, watching, 'unit: "km"');

  project.write({ "src/deep/er/crane.model.ts": model("CraneModel", "lift") });
  await comes(project, watching, "crane: {");
  rmSync(join(project.root, "src/deep/er/crane.model.ts"));
  await comes(project, watching, "crane: {", false);

  project.write({
    "pinestream.config.ts":
      'export default { clients: [{ output: "src/generated/api.ts", prefix: "/v9" }] };',
  });
  await comes(project, watching, "/v9");
  expect(watching.process.exitCode).toBeNull();
});

test.each(["SIGINT", "SIGTERM"] as const)("%s ends it, with nothing left behind", async (signal) => {
  const project = new Project(`ended-${signal}`, { "src/pier.model.ts": model("PierModel", "length") });
  const watching = watch(project);
  await comes(project, watching, "pier: {");
  await waitFor(() => watching.output().includes("Watching"), { ...BOUND, what: "the word that it watches" });
  watching.process.kill(signal);
  await waitFor(() => watching.process.exitCode !== null, { ...BOUND, what: "the end of the process" });
  expect(watching.process.exitCode).toBe(0);
});
