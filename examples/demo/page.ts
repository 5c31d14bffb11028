import fastifyStatic from "@fastify/static";
import type { FastifyInstance } from "fastify";
import { PAGE } from "./page-build.ts";

/** Nothing but the page's own files: no inline script or style, no other origin, no frame around it. */
const POLICY = [
  "default-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "object-src 'none'",
].join("; ");

/** Serves the built page at the root of the site. */
export async function servePage(app: FastifyInstance): Promise<void> {
  await app.register(fastifyStatic, {
    root: PAGE,
    cacheControl: false,
    setHeaders(reply, path) {
      // What Vite has named after its content never changes; the page that names it is asked for every time.
      const isHashed = path.startsWith(`${PAGE}/assets/`);
      reply.header("cache-control", isHashed ? "public, max-age=31536000, immutable" : "no-cache");
      reply.header("content-security-policy", POLICY);
      reply.header("referrer-policy", "no-referrer");
      reply.header("x-content-type-options", "nosniff");
    },
  });
}
