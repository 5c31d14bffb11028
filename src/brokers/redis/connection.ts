import { createClient, type RedisClientOptions } from "@redis/client";

import { jitter } from "../../async/jitter.ts";
import { BrokerError } from "../../errors/topic-errors.ts";
import { NotDoneError } from "../link/attempt.ts";
import type { LinkSpec } from "../link/link.ts";
import { PUBLISH, READ, type Script } from "./scripts.ts";

/** A connection that speaks to Redis. */
export type RedisConnection = ReturnType<typeof createConnection>;

/** Options of the client: TLS, a user, a socket. Reconnecting is the broker's own. */
export type RedisConnectionOptions = Pick<
  RedisClientOptions,
  "username" | "password" | "database" | "name" | "credentialsProvider"
> & {
  tls?: boolean;
  ca?: string | Buffer;
  cert?: string | Buffer;
  key?: string | Buffer;
  servername?: string;
};

const CONNECT_MS = 5_000;
/** A connection on which nothing comes for so long, though it is asked for a sign of life, is given up. */
const SILENT_MS = 15_000;
const PING_MS = 5_000;

/** Errors by which Redis says that it can't now, but may soon. */
const LATER = /^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|NOREPLICAS)\b/;

function createConnection(
  url: string,
  { tls, ca, cert, key, servername, ...options }: RedisConnectionOptions,
) {
  const connection = createClient({
    ...options,
    url,
    disableOfflineQueue: true,
    pingInterval: jitter(PING_MS * 0.8, PING_MS),
    maintNotifications: "disabled",
    socket: {
      connectTimeout: CONNECT_MS,
      socketTimeout: SILENT_MS,
      reconnectStrategy: false,
      ...(tls === true && { tls, ca, cert, key, servername }),
    } as NonNullable<RedisClientOptions["socket"]>,
  });
  return connection;
}

/** Says how connections to a Redis are made. @throws BrokerError for an address that is none. */
export function redisConnections(
  url: string,
  options: RedisConnectionOptions,
): Pick<LinkSpec<RedisConnection>, "open" | "end"> {
  try {
    createConnection(url, options);
  } catch (cause) {
    const shown = String(url).replace(/\/\/[^@]*@/, "//…@");
    throw new BrokerError(
      "redis",
      `url is ${JSON.stringify(shown)}. Give one like "redis://127.0.0.1:6379".`,
      {
        cause,
      },
    );
  }
  return {
    async open(onBreak, signal) {
      const connection = createConnection(url, options);
      let reason: unknown;
      connection.on("error", (error: unknown) => (reason = error));
      connection.on("terminated", onBreak);
      connection.on("end", () => onBreak(reason));
      const abort = (): void => end(connection);
      signal.addEventListener("abort", abort, { once: true });
      try {
        await connection.connect();
        // Else what is published before they are known would be sent twice, and overtaken by what comes after.
        for (const { text } of [PUBLISH, READ]) await connection.sendCommand(["SCRIPT", "LOAD", text]);
      } catch (error) {
        end(connection);
        throw error;
      } finally {
        signal.removeEventListener("abort", abort);
      }
      return connection;
    },
    end,
  };
}

function end(connection: RedisConnection): void {
  connection.destroy();
}

/** Runs a script. @throws NotDoneError when it has certainly not been run, BrokerError when Redis refuses it. */
export async function runScript(
  connection: RedisConnection,
  { sha, text }: Script,
  keys: readonly string[],
  args: readonly string[],
): Promise<unknown[]> {
  const rest = [String(keys.length), ...keys, ...args];
  const send = async (command: string[]): Promise<unknown> => await connection.sendCommand(command);
  try {
    return (await send(["EVALSHA", sha, ...rest]).catch((error: unknown) => {
      if (!messageOf(error).startsWith("NOSCRIPT")) throw error;
      return send(["EVAL", text, ...rest]);
    })) as unknown[];
  } catch (error) {
    throw classify(error);
  }
}

function classify(error: unknown): unknown {
  const message = messageOf(error);
  const name = error instanceof Error ? error.constructor.name : "";
  const wasNotSent = name === "ClientClosedError" || name === "ClientOfflineError";
  if (wasNotSent || LATER.test(message)) return new NotDoneError(message, { cause: error });
  if (!/^(SimpleError|BlobError|ErrorReply)$/.test(name)) return error;
  return new BrokerError("redis", `Redis refused what it was asked: ${message}. Nothing was done.`, {
    cause: error,
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
