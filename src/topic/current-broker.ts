import type { Broker } from "./broker.ts";
import { memoryBroker } from "./memory-broker.ts";

interface Offer {
  broker: Broker;
  servers: number;
}

/** Brokers of the servers that are there, the oldest first. */
const offers: Offer[] = [];

let ownBroker: Broker | undefined;

/** Gives the broker that topics use outside of a stream: that of the oldest server with one, else the process's own. */
export function currentBroker(): Broker {
  return offers[0]?.broker ?? processBroker();
}

/** Gives the memory broker of the process, which is never closed. */
export function processBroker(): Broker {
  return (ownBroker ??= memoryBroker());
}

/**
 * Makes a server's broker one that topics use. Gives a function that undoes it, and closes the broker with the
 * last server that it was given to.
 */
export function offerBroker(broker: Broker): () => Promise<void> {
  const known = offers.find((offer) => offer.broker === broker);
  const offer = known ?? { broker, servers: 0 };
  if (!known) offers.push(offer);
  offer.servers++;
  let withdrawn: Promise<void> | undefined;
  const withdraw = async (): Promise<void> => {
    if (--offer.servers > 0) return;
    offers.splice(offers.indexOf(offer), 1);
    await broker.close();
  };
  return () => (withdrawn ??= withdraw());
}
