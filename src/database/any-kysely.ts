import type { Kysely } from "kysely";

/** Kysely without a schema of the tables: models are typed by their own `Row`. */
// oxlint-disable-next-line typescript/no-explicit-any -- Kysely's own word for "any table, any column"
export type AnyKysely = Kysely<any>;
