import { sharedFetch } from "pinestream/client/tabs";
import { createApi } from "../generated/api.ts";

/**
 * The harbour office, as the server offers it. Its windows share their streams, which everybody may see: over
 * HTTP/1.1 a browser has six connections for all of them, and two windows alone would need eight. An office that
 * is away is tried at least every five seconds.
 */
export const office = createApi({
  fetch: sharedFetch({ scope: "public" }),
  retry: { maxInterval: 5_000 },
});

/**
 * Stops a job, whoever watches it. Runs are no part of the generated client: their address is the endpoint's, and
 * the id that the job itself has told.
 *
 * @throws Error when it could not be stopped; a job that is over counts as stopped.
 */
export async function stopUnloading(run: string): Promise<void> {
  const response = await fetch(`/api/unloading/unload/${encodeURIComponent(run)}`, { method: "DELETE" });
  if (!response.ok && response.status !== 410) throw new Error(`The office answered ${response.status}.`);
}

/** Goes off a radio channel while the page itself goes away, when no answer can be waited for any more. */
export function signOffInPassing(who: { channel: number; callSign: string }): void {
  const body = new Blob([JSON.stringify(who)], { type: "application/json" });
  navigator.sendBeacon("/api/radio/signOff", body);
}
