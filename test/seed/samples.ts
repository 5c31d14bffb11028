/**
 * Takes the code out of the seed document, which stays where it is: tests read it when they run and nothing
 * of it is kept in the repository. A sample is a class, or a decorated method that its page shows alone.
 */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Where the seed is: `PINESTREAM_SEED`, else beside the repository. */
export const seedPath =
  process.env.PINESTREAM_SEED ?? fileURLToPath(new URL("../../../shared/SEED.md", import.meta.url));

/** Whether the seed can be read; `PINESTREAM_SEED` promises that it can. */
export const hasSeed = existsSync(seedPath);

if (!hasSeed) {
  const line = `${seedPath} is not there (PINESTREAM_SEED names it): the tests of the seed's samples`;
  if (process.env.PINESTREAM_SEED) throw new Error(`${line} can't run`);
  console.log(`${line} are skipped`);
}

export interface Sample {
  /** The method's name, which is different in every sample but the first two. */
  name: string;
  className: string;
  method: string;
  /** The sample as a module: only what it leaves out is added. */
  module: string;
}

const IMPORT = 'import { BaseModel, stream, api, z, type Context } from "pinestream";\n\n';

/** Methods that samples call and leave out. Counted, so that a loop can be seen going round. */
const STUBS: Record<string, string> = {
  getNewMessages: `
  async getNewMessages(roomId: number): Promise<{ id: number; text: string; sender_name: string }[]> {
    const calls = (globalThis as any).stubCalls;
    calls.messages = (calls.messages ?? 0) + 1;
    return [{ id: calls.messages, text: \`room \${roomId}\`, sender_name: "Ann" }];
  }
`,
  getServerStatus: `
  async getServerStatus(): Promise<{ cpu: number; memory: number; disk: number }> {
    const calls = (globalThis as any).stubCalls;
    calls.status = (calls.status ?? 0) + 1;
    return { cpu: [10, 95, 75][calls.status % 3]!, memory: 20, disk: 30 };
  }
`,
  getSomeData: `
  async getSomeData(): Promise<number> {
    if ((globalThis as any).getSomeDataFails) throw new Error("no data today");
    return 42;
  }
`,
};

/** All samples of the seed, in order. */
export function readSamples(): Sample[] {
  const lines = readFileSync(seedPath, "utf8").split("\n");
  const samples: Sample[] = [];
  for (let at = 0; at < lines.length; at++) {
    const opens = lines[at]!.startsWith("class ") || lines[at]!.startsWith("@stream({");
    if (!opens) continue;
    const end = lines.indexOf("}", at);
    const block = lines.slice(at, end + 1);
    if (end === -1 || !isCode(block)) continue;
    samples.push(toSample(block.join("\n"), importBefore(lines, at)));
    at = end;
  }
  return samples;
}

/** The lines that the seed marks as errors, each with what a sample needs for it to be reached. */
export function readWrongPublishes(): string[] {
  const text = readFileSync(seedPath, "utf8");
  return [...text.matchAll(/^\s*\/\/ ❌.*\(compile error\)\n\s*(sse\.publish\(.*\);)$/gm)].map(
    (match) => match[1]!,
  );
}

/** A fragment ends before prose begins: every line at the margin must be code. */
function isCode(block: string[]): boolean {
  return (
    block.some((line) => /^\s*async \*/.test(line)) &&
    block.every((line, index) => index === 0 || line === "" || /^(\s|@|async \*|\}|\))/.test(line))
  );
}

/** The import line that stands directly before a class, if the sample shows one. */
function importBefore(lines: string[], at: number): string {
  const line = lines[at - 1] === "" ? lines[at - 2] : undefined;
  if (!line?.startsWith("import ")) return IMPORT;
  return `${line.replace('"sonamu"', '"pinestream"').replace(" } from", ", type Context } from")}\n\n`;
}

function toSample(code: string, imports: string): Sample {
  const method = /async \*(\w+)\(/.exec(code)![1]!;
  let text = code;
  let className = /^class (\w+)/.exec(code)?.[1];
  if (className === undefined) {
    className = `${method[0]!.toUpperCase()}${method.slice(1)}ModelClass`;
    text = `class ${className} extends BaseModel {\n${code}\n}`;
  }
  for (const [name, stub] of Object.entries(STUBS)) {
    if (text.includes(`this.${name}(`)) text = text.replace(/\n\}$/, `\n${stub}}`);
  }
  return { name: method, className, method, module: `${imports}${text}\n\nexport default ${className};\n` };
}
