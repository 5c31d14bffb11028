import { relative } from "node:path";
import { generate, type Generated, type GeneratedFile } from "../codegen/generate.ts";
import { readOptions, type Overrides } from "../codegen/read-options.ts";
import { watch } from "../codegen/watch.ts";
import { parseOptions, UsageError, type Output } from "./arguments.ts";

/** Runs `pinestream generate`; gives its exit code. */
export async function runGenerate(args: string[], output: Output): Promise<number> {
  const flags = parseOptions(args, {
    config: { type: "string" },
    models: { type: "string", multiple: true },
    manifest: { type: "string" },
    client: { type: "string", multiple: true },
    "no-client": { type: "boolean" },
    check: { type: "boolean" },
    watch: { type: "boolean" },
  });
  const { client, check, config, models, manifest } = flags;
  if (client && flags["no-client"]) throw new UsageError("Give either --client or --no-client.");
  if (check && flags.watch) throw new UsageError("Give either --check or --watch.");
  const overrides: Overrides = { config, models, manifest, clients: flags["no-client"] ? [] : client };
  if (flags.watch) return await runWatch(overrides, output);
  const { options } = await readOptions(overrides);
  const generated = await generate({ ...options, check });
  return check ? reportCheck(generated, output) : reportWritten(generated, output);
}

function reportWritten(generated: Generated, output: Output): number {
  for (const file of [generated.manifest, ...generated.clients]) output.log(describe(file));
  return 0;
}

function reportCheck(generated: Generated, output: Output): number {
  const files = [generated.manifest, ...generated.clients];
  for (const file of files) {
    if (file.changed)
      output.error(`${shorten(file.path)} is not up to date. Run \`npx pinestream generate\`.`);
    else output.log(describe(file));
  }
  return files.some((file) => file.changed) ? 1 : 0;
}

async function runWatch(overrides: Overrides, output: Output): Promise<number> {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  process.once("SIGINT", stop).once("SIGTERM", stop);
  try {
    await watch(overrides, {
      signal: controller.signal,
      onGenerated: (generated, isFirst) => {
        const files = [generated.manifest, ...generated.clients].filter((file) => isFirst || file.changed);
        for (const file of files) output.log(describe(file));
        if (isFirst) output.log("Watching for changes; Ctrl+C stops.");
      },
      onError: (error) => output.error(error instanceof Error ? error.message : String(error)),
    });
    return 0;
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop);
  }
}

function describe({ path, changed, endpoints }: GeneratedFile): string {
  const count = `${endpoints} ${endpoints === 1 ? "endpoint" : "endpoints"}`;
  return `${shorten(path)} ${changed ? "written" : "is up to date"} (${count}).`;
}

function shorten(path: string): string {
  return relative(process.cwd(), path);
}
