// NestJS: an Observable for each client, of a Subject for the fan-out, of a generator for one client.

import "reflect-metadata";
import type { Server } from "node:http";
import { Controller, Module, Query, Sse, type MessageEvent } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { from, Subject, type Observable } from "rxjs";

import { POSITION_EVENT, TOKEN_EVENT, tokens } from "../event.ts";
import type { Progress } from "../servers/bench-server.ts";
import { serve } from "../servers/serve.ts";
import { listenOn } from "./http-listen.ts";

const progress: Progress = { offered: 0 };
const subject = new Subject<MessageEvent>();

@Controller()
class QuayController {
  @Sse("fan-out")
  fanOut(): Observable<MessageEvent> {
    return subject;
  }

  @Sse("pull")
  pull(@Query("count") count: string, @Query("bytes") bytes: string): Observable<MessageEvent> {
    return from(messages(Number(count), Number(bytes)));
  }
}

async function* messages(count: number, bytes: number): AsyncGenerator<MessageEvent> {
  for await (const token of tokens(count, bytes, (n) => (progress.offered = n))) {
    yield { id: String(token.n), type: TOKEN_EVENT, data: token };
  }
}

@Module({ controllers: [QuayController] })
// oxlint-disable-next-line typescript/no-extraneous-class -- a module is made of its decorator
class QuayModule {}

serve(
  {
    async listen() {
      const app = await NestFactory.create(QuayModule, { logger: ["error"] });
      await app.init();
      return await listenOn(app.getHttpServer() as Server);
    },
    publish: (event) => subject.next({ id: String(event.n), type: POSITION_EVENT, data: event }),
  },
  progress,
);
