import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** What `optionalDependencies` brings; an application may do without. */
const OPTIONAL = new Set(["ts-morph", "pg", "@electric-sql/pglite"]);

/** The package as npm would publish it, and projects that have it installed; all in a folder of its own. */
export class PackedPackage {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), "pinestream-package-")));
  readonly tarball: string;

  constructor() {
    // Builds by way of `prepare`, as a release does.
    execFileSync("npm", ["pack", "--silent", "--pack-destination", this.folder], { cwd: ROOT });
    this.tarball = join(
      this.folder,
      readdirSync(this.folder).find((name) => name.endsWith(".tgz"))!,
    );
  }

  /** Paths in the tarball, without the leading `package/`. */
  get files(): string[] {
    const list = execFileSync("tar", ["-tzf", this.tarball], { encoding: "utf8" });
    return list
      .trim()
      .split("\n")
      .map((path) => path.replace(/^package\//, ""));
  }

  /**
   * Makes a project whose node_modules has the package unpacked and its dependencies linked to ours: all,
   * or those that nobody can leave out.
   */
  install(name: string, options: { withOptional: boolean }): string {
    const project = join(this.folder, name);
    const modules = join(project, "node_modules");
    mkdirSync(join(modules, "pinestream"), { recursive: true });
    execFileSync("tar", ["-xzf", this.tarball, "-C", join(modules, "pinestream"), "--strip-components=1"]);
    for (const dependency of installedPackages()) {
      if (!options.withOptional && OPTIONAL.has(dependency)) continue;
      mkdirSync(join(modules, dependency, ".."), { recursive: true });
      symlinkSync(join(ROOT, "node_modules", dependency), join(modules, dependency), "dir");
    }
    writeFileSync(join(project, "package.json"), JSON.stringify({ name, type: "module", private: true }));
    return project;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function installedPackages(): string[] {
  return readdirSync(join(ROOT, "node_modules"))
    .filter((name) => !name.startsWith("."))
    .flatMap((name) =>
      name.startsWith("@")
        ? readdirSync(join(ROOT, "node_modules", name)).map((each) => `${name}/${each}`)
        : [name],
    );
}
