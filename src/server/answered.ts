// Whether a reply has been answered, or is being: `reply.sent` turns true only when the response has ended, which
// an asynchronous onSend hook puts off. So `send` is noted on the replies of stream routes.

import type { FastifyReply } from "fastify";

const answered = new WeakSet<FastifyReply>();

/** Notes it when this reply is sent. */
export function noteAnswer(reply: FastifyReply): void {
  reply.send = sendNoted as FastifyReply["send"];
}

/** Tells whether an answer was begun. */
export function hasAnswered(reply: FastifyReply): boolean {
  return reply.sent || answered.has(reply);
}

/** One function for all replies, which is why it looks the real one up. */
function sendNoted(this: FastifyReply, payload: unknown): FastifyReply {
  answered.add(this);
  const { send } = Object.getPrototypeOf(this) as FastifyReply;
  return send.call(this, payload);
}
