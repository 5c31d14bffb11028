import { fileURLToPath } from "node:url";
import { createServer } from "pinestream";
import { LogEntryModel } from "./models/log-entry.model.ts";
import { NoticeModel } from "./models/notice.model.ts";
import { RadioModel } from "./models/radio.model.ts";
import { StationModel } from "./models/station.model.ts";
import { UnloadingModel } from "./models/unloading.model.ts";
import { ensurePage } from "./page-build.ts";
import { servePage } from "./page.ts";
import { welcome } from "./welcome.ts";

const host = process.env.HOST ?? "127.0.0.1";
const port = Number(process.env.PORT ?? 3000);
if (!Number.isInteger(port) || port < 0 || port > 65_535) {
  console.error(`PORT must be a whole number from 0 to 65535, not ${JSON.stringify(process.env.PORT)}.`);
  process.exit(1);
}

const folder = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

await ensurePage();

const app = await createServer({
  models: [
    new NoticeModel(),
    new UnloadingModel(),
    new LogEntryModel(),
    new RadioModel(),
    new StationModel(),
  ],
  database: {
    migrations: folder("./migrations"),
    // In memory unless a folder is named, where what was written outlives the server.
    dataDir: process.env.DEMO_DATA_DIR || undefined,
  },
  manifest: folder("./pinestream.manifest.json"),
  handleSignals: true,
  fastify: { logger: { level: "warn" } },
});
await servePage(app);

try {
  const address = await app.listen({ port, host });
  console.log(welcome(address));
} catch (error) {
  if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
  console.error(`Port ${port} is taken. Choose another one, for example: PORT=${port + 1} npm start`);
  process.exitCode = 1;
  await app.close();
}
