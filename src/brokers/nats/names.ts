// A topic is one stream. Events of all its keys are stored under
//
//     <prefix>.log.<topic>.<generation>.<key>
//
// and told of, by the stream itself, under `<prefix>.live.<topic>.<key>`. The generation changes when a stream is made
// anew: publishers that have not noticed find nobody there, and listeners see it in what comes.

import { createHash } from "node:crypto";

import type { LogAddress } from "../../topic/broker.ts";

/** Longest token that is made of a key's own characters. */
const MAX_TOKEN = 200;

/** What a topic is kept under. */
export interface TopicNames {
  /** Name of its stream. */
  readonly stream: string;
  /** Where its events are stored, without generation and key. */
  readonly stored: string;
  /** Where they are told of, without the key. */
  readonly live: string;
}

/** Names a topic's stream and subjects. */
export function formatNames(prefix: string, topic: string): TopicNames {
  // Part of it in clear, for people who look at the server; the digest tells apart.
  const slug = topic.replace(/[^A-Za-z0-9_-]/g, "_").slice(0, 40);
  const name = `${slug}-${digest(topic).slice(0, 16)}`;
  return { stream: `${prefix}-${name}`, stored: `${prefix}.log.${name}`, live: `${prefix}.live.${name}` };
}

/** Names the subject that a log's events are stored under. */
export function formatStored({ stored }: TopicNames, generation: string, log: LogAddress): string {
  return `${stored}.${generation}.${formatKey(log)}`;
}

/** Names the subject that a log's events are told of under. */
export function formatLive({ live }: TopicNames, log: LogAddress): string {
  return `${live}.${formatKey(log)}`;
}

/** Derives what stands in subjects for an epoch, which itself is secret. */
export function generationOf(epoch: string): string {
  return digest(`generation ${epoch}`).slice(0, 12);
}

/** Finds the generation in the subject of a stored event. */
export function findGeneration(subject: string): string | undefined {
  return subject.split(".")[3];
}

function formatKey({ key }: LogAddress): string {
  if (key === undefined) return "-";
  // What encodeURIComponent leaves as it is, dots and stars among them, would mean something in a subject.
  const token = encodeURIComponent(key).replace(
    /[.!~*'()]/g,
    (each) => `%${each.charCodeAt(0).toString(16)}`,
  );
  return token.length <= MAX_TOKEN ? `k${token}` : `h${digest(key)}`;
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
