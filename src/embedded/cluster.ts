// Making a PostgreSQL cluster takes the embedded database some five seconds, opening one less than one. So a
// newly made cluster is kept, packed, in a cache folder, and the next database begins as a copy of it. A new
// folder is filled beside its place and renamed, so that a process that dies meanwhile leaves no half of one.

import { createHash, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, readdir, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";

import type { PGlite, PGliteOptions } from "@electric-sql/pglite";

/** How PGlite is made; the class itself, handed in because it is loaded lazily. */
export interface ClusterMaker {
  create(options: PGliteOptions): Promise<PGlite>;
}

export interface ClusterOptions {
  dataDir: string | undefined;
  cacheDir: string;
  /** PGlite's version: another one's cluster does not fit. */
  version: string;
}

/** Opens the cluster in a folder, or a new one there or in memory. */
export async function openCluster(
  maker: ClusterMaker,
  { dataDir, cacheDir, version }: ClusterOptions,
): Promise<PGlite> {
  if (dataDir !== undefined && existsSync(join(dataDir, "PG_VERSION")))
    return await maker.create({ dataDir });
  if (dataDir !== undefined && existsSync(dataDir) && (await readdir(dataDir)).length > 0) {
    throw new Error(`${dataDir} is neither empty nor the folder of a database. Name another as dataDir.`);
  }
  const cachePath = join(cacheDir, `cluster-${version}.tar.gz`);
  const packed = await readPacked(cachePath);
  if (packed) {
    try {
      return await (dataDir === undefined ? unpack(maker, packed) : fill(maker, packed, dataDir));
    } catch {
      // Whole, yet of no use, such as another build's: made anew below.
      await rm(cachePath, { force: true });
    }
  }
  const made = await maker.create({});
  const fresh = await pack(made);
  await writePacked(cachePath, fresh);
  if (dataDir === undefined) return made;
  await made.close();
  return await fill(maker, fresh, dataDir);
}

function unpack(maker: ClusterMaker, packed: Buffer, dataDir?: string): Promise<PGlite> {
  const loadDataDir = new Blob([new Uint8Array(packed)]);
  return maker.create(dataDir === undefined ? { loadDataDir } : { loadDataDir, dataDir });
}

async function fill(maker: ClusterMaker, packed: Buffer, dataDir: string): Promise<PGlite> {
  const beside = `${dataDir}.new-${randomUUID()}`;
  try {
    await mkdir(beside, { recursive: true });
    await (await unpack(maker, packed, beside)).close();
    if (existsSync(dataDir)) await rmdir(dataDir);
    await rename(beside, dataDir);
  } catch (error) {
    await rm(beside, { recursive: true, force: true });
    throw error;
  }
  return await maker.create({ dataDir });
}

async function pack(cluster: PGlite): Promise<Buffer> {
  return Buffer.from(await (await cluster.dumpDataDir("none")).arrayBuffer());
}

/** Reads what `writePacked` wrote; a file that is damaged is deleted. */
async function readPacked(path: string): Promise<Buffer | undefined> {
  let content: Buffer;
  try {
    content = await readFile(path);
  } catch {
    return undefined;
  }
  try {
    const packed = await promisify(gunzip)(content.subarray(DIGEST_BYTES));
    if (digest(packed).equals(content.subarray(0, DIGEST_BYTES))) return packed;
  } catch {
    // Cut off or overwritten.
  }
  await rm(path, { force: true });
  return undefined;
}

const DIGEST_BYTES = 32;

function digest(packed: Buffer): Buffer {
  return createHash("sha256").update(packed).digest();
}

/** Keeps a cluster for the next time, as a whole or not at all. A cache that cannot be written is done without. */
async function writePacked(path: string, packed: Buffer): Promise<void> {
  const beside = `${path}.${randomUUID()}`;
  try {
    await writeFile(beside, Buffer.concat([digest(packed), await promisify(gzip)(packed, { level: 5 })]));
    await rename(beside, path);
  } catch {
    await rm(beside, { force: true });
  }
}
