import { openChanges } from "../changes/open-changes.ts";
import type { Changes } from "../changes/types.ts";
import type { AnyKysely } from "../database/any-kysely.ts";
import { databaseOf } from "../database/default-database.ts";
import { kyselyOf, transact } from "../database/transaction.ts";
import { tableName } from "../schema/model-name.ts";
import { inTransaction } from "../scope/transaction-scope.ts";
import { readAtUnwindPoint, unwindPoint } from "../scope/unwind.ts";
import { toConditions } from "./conditions.ts";
import * as reads from "./reads.ts";
import { openTarget, prepare, type Target } from "./target.ts";
import type {
  ChangesOptions,
  Column,
  Conditions,
  FindManyOptions,
  FindManyResult,
  Id,
  NewRow,
  Order,
  Patch,
  Selected,
} from "./types.ts";
import * as writes from "./writes.ts";

/**
 * A table, and whatever methods and endpoints a subclass adds. Columns come from the database: an unknown
 * column, operator or direction is a `QueryError` before any SQL runs, and every value is bound. Errors of
 * SQL itself are the driver's, with PostgreSQL's `code` (`23505` for a duplicate).
 *
 * Reads outside of a transaction are unwind points: in a stream's handler whose client has left they throw
 * `StreamClosedError` when its loop has come round.
 */
// oxlint-disable-next-line typescript/no-explicit-any -- a model without a Row has rows of any shape
export class BaseModel<Row = any> {
  /** Name of the table, with its schema if need be. Default: the model's name in snake_case and the plural. */
  declare static table: string;

  static {
    // Not `static get table`: a subclass's `static table = …` that is compiled to an assignment would fail on it.
    Object.defineProperty(this, "table", {
      configurable: true,
      get(this: typeof BaseModel) {
        return tableName(this.name);
      },
      set(this: typeof BaseModel, value: string) {
        Object.defineProperty(this, "table", { value, writable: true, configurable: true, enumerable: true });
      },
    });
  }

  /**
   * Kysely over this model's database, inside a `transaction` scope over that transaction. Its queries are
   * no unwind points.
   */
  get db(): AnyKysely {
    return kyselyOf(databaseOf(this));
  }

  /**
   * Finds the rows for which all conditions of `wq` hold. `num` bounds their number, `page` counts from 1,
   * `count: true` gives `total`, the number without that bound.
   */
  async findMany<Name extends Column<Row> = Column<Row>, const Count extends boolean = false>(
    options: FindManyOptions<Row, Name, Count> = {},
  ): Promise<FindManyResult<Selected<Row, Name>, Count>> {
    const found = await read(this, (target) => reads.findMany(target, options));
    return found as FindManyResult<Selected<Row, Name>, Count>;
  }

  /** Finds the first row in `order` for which all conditions hold; `undefined` when there is none. */
  async findOne(options: { wq: Conditions<Row>; order?: Order<Row> }): Promise<Row | undefined> {
    return (await read(this, (target) => reads.findOne(target, options))) as Row | undefined;
  }

  /** Finds the row of that `id`; `undefined` when there is none. */
  async findById(id: Id<Row>): Promise<Row | undefined> {
    return (await read(this, (target) => reads.findById(target, id))) as Row | undefined;
  }

  /** Counts the rows for which all conditions hold. */
  async count(options: { wq?: Conditions<Row> } = {}): Promise<number> {
    return await read(this, (target) => reads.count(target, options.wq));
  }

  /**
   * Inserts one row or several, all or none, and gives them as they stand in the table, in the same order.
   * What a row leaves out gets the column's default.
   */
  async insert(row: NewRow<Row>): Promise<Row>;
  async insert(rows: readonly NewRow<Row>[]): Promise<Row[]>;
  async insert(rows: NewRow<Row> | readonly NewRow<Row>[]): Promise<Row | Row[]> {
    return (await writes.insert(openModel(this), rows)) as Row | Row[];
  }

  /**
   * Inserts rows as `insert` does; where there is one of the same `id`, sets the given columns of that one
   * instead. Of the same `id` twice the later wins.
   */
  async upsert(row: NewRow<Row>): Promise<Row>;
  async upsert(rows: readonly NewRow<Row>[]): Promise<Row[]>;
  async upsert(rows: NewRow<Row> | readonly NewRow<Row>[]): Promise<Row | Row[]> {
    return (await writes.upsert(openModel(this), rows)) as Row | Row[];
  }

  /** Changes the given columns of the row of that `id` and gives the whole row; `undefined` when there is none. */
  async update(id: Id<Row>, patch: Patch<Row>): Promise<Row | undefined> {
    return (await writes.update(openModel(this), id, patch)) as Row | undefined;
  }

  /** Deletes the rows of these ids. Gives the number of those that were there. */
  async del(id: Id<Row> | readonly Id<Row>[]): Promise<number> {
    return await writes.del(openModel(this), id);
  }

  /**
   * Gives the rows that are inserted, updated and deleted from now on, as the database pushes them, whoever
   * changes them. Begins with the first `next`, or earlier with `ready`, from whose resolving on nothing is missed.
   *
   * With `wq` these are the changes of the set of rows that `findMany` finds with it: a row that an update brings
   * in comes as `insert`, one that it takes out as `delete`, as it last was inside.
   *
   * `{ gap: true }` comes where changes may be missing: the connection was lost meanwhile, the reader is more than
   * 1,000 changes behind, the table was truncated, a row is beyond 16 MiB. Ends by itself with the stream on
   * whose handler's chain it was called or first read, with `signal`, and when the database is closed.
   *
   * @throws QueryError inside a transaction; what else is wrong is thrown by `ready` and the first `next`.
   */
  changes(options: ChangesOptions<Row> = {}): Changes<Row> {
    if (!inTransaction()) unwindPoint();
    const { name } = this.constructor;
    const { table } = this.constructor as typeof BaseModel;
    return openChanges(databaseOf(this), {
      model: name,
      table,
      signal: options.signal,
      conditions: () => prepare(openModel(this), (subject) => toConditions(subject, options.wq)),
    }) as unknown as Changes<Row>;
  }

  /**
   * Runs a function in a transaction: every query of every model of this database that is made in its async
   * scope belongs to it. Commits when its promise resolves; rolls back and rejects when it rejects. Inside
   * another transaction it is a savepoint of that one; several at once go one after the other.
   */
  async transaction<T>(run: () => T | PromiseLike<T>): Promise<T> {
    return await transact(databaseOf(this), run);
  }
}

// No private methods, so that a proxy of a model, or an object made from one, works as well.

function openModel(model: object, signal?: AbortSignal): Target {
  const { name } = model.constructor;
  const { table } = model.constructor as typeof BaseModel;
  return openTarget(databaseOf(model), { model: name, table, signal });
}

/** Reads in a transaction are no unwind points: it would be rolled back for nothing but a client's leaving. */
async function read<T>(model: object, run: (target: Target) => Promise<T>): Promise<T> {
  if (inTransaction()) return await run(openModel(model));
  return await readAtUnwindPoint((signal) => run(openModel(model, signal)));
}
