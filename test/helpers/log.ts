import { Writable } from "node:stream";

/** A line that the server's logger wrote. */
export interface LogLine {
  /** pino's numbers: 20 debug, 30 info, 40 warn, 50 error. */
  level: number;
  msg: string;
  err?: { type: string; message: string; stack: string; code?: string };
  [key: string]: unknown;
}

/** Collects what a Fastify logger writes: `fastify: { logger: log.logger }`. */
export class CapturedLog {
  readonly lines: LogLine[] = [];
  readonly logger = {
    level: "debug",
    stream: new Writable({
      write: (bytes: Buffer, _encoding, done) => {
        for (const line of bytes.toString().split("\n")) {
          if (line !== "") this.lines.push(JSON.parse(line) as LogLine);
        }
        done();
      },
    }),
  };

  /** Shows the last lines from warnings upwards, for a test that failed. */
  print(): void {
    for (const line of this.lines.filter((each) => each.level >= 40).slice(-10))
      console.log(JSON.stringify(line));
  }

  /** Lines of at least that level that mention `text` in any field. */
  about(text: string, level = 0): LogLine[] {
    return this.lines.filter((line) => line.level >= level && JSON.stringify(line).includes(text));
  }
}
