import type { Expression, SqlBool } from "kysely";

import type { Database } from "../database/database.ts";
import { isInTransaction } from "../database/transaction.ts";
import { QueryError } from "../errors/model-errors.ts";
import { checkFilter } from "./decode.ts";
import { toFilter } from "./filter.ts";
import { Hub } from "./hub.ts";
import type { TableRequest } from "./track.ts";
import { Subscription, type SubscriptionSource } from "./subscription.ts";

/** What a model's `changes` asks for. */
export interface ChangesRequest extends TableRequest {
  signal: AbortSignal | undefined;
  /** Reads the conditions that a row has to meet. @throws QueryError */
  conditions(): Promise<readonly Expression<SqlBool>[]>;
}

const hubs = new WeakMap<Database, Hub>();

/**
 * Subscribes to the changes of a table; nothing is done before the first `ready` or `next`.
 *
 * @throws QueryError inside a transaction of the database: what it changes is told after its end, so waiting for it
 * there would never end.
 */
export function openChanges(
  database: Database,
  request: ChangesRequest,
  hub: Hub = hubOf(database),
): Subscription {
  const assertMayWait = (): void => {
    if (!isInTransaction(database)) return;
    throw new QueryError(
      request.model,
      "changes() cannot be used inside a transaction, which is told of only after its end. Call and read it outside.",
    );
  };
  assertMayWait();
  let leave: (() => void) | undefined;
  const source: SubscriptionSource = {
    assertMayWait,
    start: async (subscription) => {
      const filter = toFilter(database.kysely, await request.conditions());
      const table = await hub.table(request);
      if (filter) await checkFilter(database.kysely, table.name, filter);
      if (subscription.over || database.closed) return subscription.end();
      const feed = hub.feed(request, table);
      feed.add(subscription, filter);
      leave = () => {
        feed.remove(subscription);
        hub.update();
      };
      await hub.listen(feed);
    },
    stop: () => leave?.(),
  };
  return new Subscription(source, request.signal);
}

function hubOf(database: Database): Hub {
  const known = hubs.get(database);
  if (known) return known;
  const hub = new Hub(database);
  hubs.set(database, hub);
  return hub;
}
