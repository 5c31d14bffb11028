import { execFile } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const documents = [
  "README.md",
  "CONTRIBUTING.md",
  "examples/README.md",
  ...readdirSync(join(ROOT, "docs")).map((name) => `docs/${name}`),
]
  .filter((path) => path.endsWith(".md"))
  .map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }));

/** A module made of one `ts` or `tsx` block, or of several that go on from one another. */
interface Sample {
  /** `document:line` of its first block, for messages. */
  place: string;
  language: "ts" | "tsx";
  code: string;
}

/** Finds the `ts` and `tsx` blocks; one preceded by `<!-- continues -->` belongs to the module of the block before it. */
function findSamples({ path, text }: { path: string; text: string }): Sample[] {
  const samples: Sample[] = [];
  const pattern = /^(<!-- continues -->\n+)?```(tsx?)\n([^]*?)^```$/gm;
  for (const match of text.matchAll(pattern)) {
    const [, continues, language, code = ""] = match;
    const last = samples.at(-1);
    if (continues && last) {
      last.code += code;
      if (language === "tsx") last.language = language;
    } else {
      const place = `${path}:${text.slice(0, match.index).split("\n").length}`;
      samples.push({ place, language: language as Sample["language"], code });
    }
  }
  return samples;
}

describe("the documents", () => {
  test("have only samples that compile", async () => {
    const samples = documents.flatMap((document) => findSamples(document));
    expect(samples.length).toBeGreaterThan(10);

    const folder = mkdtempSync(join(tmpdir(), "pinestream-docs-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
    const { compilerOptions } = JSON.parse(readFileSync(join(ROOT, "tsconfig.json"), "utf8"));
    const paths = Object.fromEntries(
      Object.entries(compilerOptions.paths as Record<string, string[]>).map(([name, files]) => [
        name,
        files.map((file) => join(ROOT, file)),
      ]),
    );

    // One that registers types for the whole program is compiled by itself.
    const groups = new Map<string, Sample[]>();
    for (const sample of samples) {
      const group = sample.code.includes("interface Register") ? sample.place : "all";
      groups.set(group, [...(groups.get(group) ?? []), sample]);
    }
    const complaints: string[] = [];
    for (const [index, group] of [...groups.values()].entries()) {
      const project = join(folder, `project-${index}`);
      mkdirSync(project);
      writeFileSync(join(project, "package.json"), '{ "type": "module" }');
      writeFileSync(
        join(project, "tsconfig.json"),
        JSON.stringify({
          compilerOptions: { ...compilerOptions, paths, noUnusedLocals: false },
          include: ["*.ts", "*.tsx"],
        }),
      );
      const places = new Map<string, string>();
      for (const [number, { place, language, code }] of group.entries()) {
        const file = `sample-${number}.${language}`;
        places.set(file, place);
        writeFileSync(join(project, file), `${code}\nexport {};\n`);
      }
      complaints.push(...(await compile(project, places)));
    }
    expect(complaints).toEqual([]);
  }, 120_000);

  test("have a section for every error code, and none for a code that there is not", () => {
    const folder = join(ROOT, "src/errors");
    const sources = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
    const thrown = sources.flatMap((source) =>
      [...source.matchAll(/\bcode = "(PINE_\w+)"/g)].map(([, code]) => code),
    );
    const page = documents.find(({ path }) => path === "docs/errors.md")?.text ?? "";
    const documented = [...page.matchAll(/^## (PINE_\w+)$/gm)].map(([, code]) => code);
    expect(thrown.length).toBeGreaterThan(5);
    expect(documented.sort()).toEqual(thrown.sort());
  });

  test("link to files and headings that there are", () => {
    const broken = documents.flatMap(({ path, text }) =>
      [...text.matchAll(/\]\(([^)\s]+)\)/g)]
        .map((match) => match[1] ?? "")
        .filter((target) => !/^https?:/.test(target) && !isThere(path, target))
        .map((target) => `${path}: ${target}`),
    );
    expect(broken).toEqual([]);
  });

  test("show the smallest example as it is in its file", () => {
    const readme = documents.find(({ path }) => path === "README.md")?.text ?? "";
    const [first] = findSamples({ path: "README.md", text: readme });
    const file = readFileSync(join(ROOT, "examples/01-smallest/server.ts"), "utf8");
    expect(file.replace(/^\/\/.*\n/, "")).toBe(first?.code);
  });
});

async function compile(project: string, places: Map<string, string>): Promise<string[]> {
  const tsc = join(ROOT, "node_modules/.bin/tsc");
  try {
    await promisify(execFile)(tsc, ["-p", "tsconfig.json", "--pretty", "false"], { cwd: project });
    return [];
  } catch (error) {
    const { stdout } = error as { stdout: string };
    // A reader has our declarations, not our sources: what those complain of is not for this test to say.
    const own = stdout.split(/\n(?=\S)/).filter((complaint) => complaint.startsWith("sample-"));
    return own.map((complaint) =>
      complaint.trim().replace(/^sample-\d+\.tsx?/, (file) => places.get(file) ?? file),
    );
  }
}

function isThere(from: string, target: string): boolean {
  const [file, anchor] = target.split("#");
  const url = new URL(file || `/${from}`, new URL(from, "file:///"));
  const path = join(ROOT, decodeURIComponent(url.pathname));
  try {
    if (!anchor)
      return readdirSync(join(path, "..")).includes(path.replace(/\/$/, "").split("/").at(-1) ?? "");
    return headings(readFileSync(path, "utf8")).includes(anchor);
  } catch {
    return false;
  }
}

/** Anchors as GitHub makes them. */
function headings(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replace(/\s/g, "-"),
  );
}
