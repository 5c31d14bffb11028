import { type FSWatcher, statSync, watch } from "node:fs";
import { join } from "node:path";

/** How long nothing more may change before a change counts, in ms: one save is several events. */
const SETTLE_MS = 50;

const SOURCE = /\.(?:[cm]?[jt]sx?|json)$/;

/**
 * A set of folders that is watched for changes of files in them. Folders rather than files, because editors
 * replace files, and because new ones have to be seen.
 */
export class WatchedFolders implements Disposable {
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #signal: AbortSignal;
  #files: ReadonlySet<string> | undefined;
  /** `true` where one of the files has changed, `false` where some other source file or a folder has. */
  #pending: boolean | undefined;
  #timer: NodeJS.Timeout | undefined;
  #onSettled: (() => void) | undefined;

  /** @param signal Ends all of it. */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", () => this[Symbol.dispose]());
  }

  /** Sets what is watched: the files that matter, or `undefined` for all source files of the folders. */
  set(folders: readonly string[], files: readonly string[] | undefined): void {
    if (this.#signal.aborted) return;
    this.#files = files && new Set(files);
    const wanted = new Set(folders.map((folder) => folder.replace(/(?<=.)[\\/]$/, "")));
    for (const [folder, watcher] of this.#watchers) {
      if (!wanted.has(folder)) this.#unwatch(folder, watcher);
    }
    for (const folder of wanted) this.#watch(folder);
  }

  /**
   * Resolves when something has changed since the last time, and has settled: to `true` if a file that matters
   * has, to `false` if it was another source file or a folder. At the end it resolves at once.
   */
  async nextChange(): Promise<boolean> {
    if (!this.#signal.aborted && (this.#pending === undefined || this.#timer)) {
      await new Promise<void>((resolve) => (this.#onSettled = resolve));
    }
    const change = this.#pending ?? true;
    this.#pending = undefined;
    return change;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    for (const [folder, watcher] of this.#watchers) this.#unwatch(folder, watcher);
    this.#onSettled?.();
  }

  #watch(folder: string): void {
    if (this.#watchers.has(folder)) return;
    try {
      const watcher = watch(folder, (_event, name) => this.#notice(folder, name));
      this.#watchers.set(folder, watcher);
      // A folder that is removed; the one around it tells of that.
      watcher.on("error", () => this.#unwatch(folder, watcher));
    } catch {
      // It is gone already.
    }
  }

  #unwatch(folder: string, watcher: FSWatcher): void {
    watcher.close();
    if (this.#watchers.get(folder) === watcher) this.#watchers.delete(folder);
  }

  #notice(folder: string, name: string | null): void {
    const path = join(folder, name ?? "");
    const matters = name === null || (this.#files ? this.#files.has(path) : SOURCE.test(path));
    if (!matters && !SOURCE.test(path) && !isFolder(path)) return;
    this.#pending = this.#pending === true || matters;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#onSettled?.();
    }, SETTLE_MS);
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
