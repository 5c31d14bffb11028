import { readdirSync, readFileSync } from "node:fs";
import { extname } from "node:path";
import type { FastifyInstance } from "fastify";

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** Serves the files of one folder, read once, at the root of the site; `index.html` is the root itself. */
export function servePage(app: FastifyInstance, folder: URL): void {
  for (const name of readdirSync(folder)) {
    const type = TYPES[extname(name)];
    if (!type) continue;
    const content = readFileSync(new URL(name, folder));
    app.get(name === "index.html" ? "/" : `/${name}`, (_request, reply) =>
      reply
        .type(type)
        .header("cache-control", "no-cache")
        .header("content-security-policy", "default-src 'self'")
        .header("x-content-type-options", "nosniff")
        .send(content),
    );
  }
}
