import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Sample } from "./samples.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

export const DECORATORS = ["standard", "legacy"] as const;
export type DecoratorKind = (typeof DECORATORS)[number];

/** A folder, inside the repository but ignored by git, that holds the samples under one kind of decorators. */
export interface Workspace {
  folder: string;
  tsconfig: string;
  /** Where each sample was written. */
  files: Record<string, string>;
}

/**
 * Writes the samples as a user would have them: strict settings of their own, but for the one that the
 * samples ask for by using `error.message` of a caught error.
 */
export function writeWorkspace(kind: DecoratorKind, samples: readonly Sample[]): Workspace {
  const folder = `${ROOT}.cache/seed-${kind}/`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const tsconfig = `${folder}tsconfig.json`;
  writeFileSync(
    tsconfig,
    JSON.stringify({
      compilerOptions: {
        target: "ES2022",
        lib: ["ES2023", "ESNext.Disposable", "ESNext.Decorators", "ESNext.String"],
        module: "NodeNext",
        types: ["node"],
        strict: true,
        useUnknownInCatchVariables: false,
        skipLibCheck: true,
        noEmit: true,
        experimentalDecorators: kind === "legacy",
        allowImportingTsExtensions: true,
        paths: { pinestream: [`${ROOT}src/index.ts`] },
      },
      include: ["**/*.ts"],
    }),
  );
  // The application's own types: the chat room reads the id and name of whoever is signed in.
  writeFileSync(
    `${folder}register.ts`,
    'declare module "pinestream" {\n  interface Register {\n    user: { id: number; name: string };\n  }\n}\nexport {};\n',
  );
  const files: Record<string, string> = {};
  samples.forEach((sample, index) => {
    const file = `${folder}${index + 1}-${sample.name}.ts`;
    writeFileSync(file, sample.module);
    files[keyOf(samples, sample)] = file;
  });
  return { folder, tsconfig, files };
}

/** The sample's name, made unique: the first sample and the notifications share class and method. */
export function keyOf(samples: readonly Sample[], sample: Sample): string {
  const same = samples.filter((each) => each.name === sample.name);
  return same.length > 1 ? `${sample.name}#${same.indexOf(sample) + 1}` : sample.name;
}
