// Whether a reply has been answered, or is being: `reply.sent` turns true only when the response has ended, which
// an asynchronous onSend hook puts off. So replies of stream routes have a `send` of their own, and another one once
// it was called.

import type { FastifyReply } from "fastify";

/** Has it noted when this reply is sent. */
export function noteAnswer(reply: FastifyReply): void {
  reply.send = sendFirst as FastifyReply["send"];
}

/** Tells whether an answer was begun. */
export function hasAnswered(reply: FastifyReply): boolean {
  return reply.sent || reply.send === sendAgain;
}

// Functions that all replies share, which is why they look the real one up.

function sendFirst(this: FastifyReply, payload: unknown): FastifyReply {
  this.send = sendAgain as FastifyReply["send"];
  return sendAgain.call(this, payload);
}

function sendAgain(this: FastifyReply, payload: unknown): FastifyReply {
  const { send } = Object.getPrototypeOf(this) as FastifyReply;
  return send.call(this, payload);
}
