/**
 * Place for the application's own types: merge into it what `authenticate` returns and what `context` adds.
 *
 * ```ts
 * declare module "pinestream" {
 *   interface Register {
 *     user: { id: number; name: string };
 *     context: { tenant: string };
 *   }
 * }
 * ```
 */
// oxlint-disable-next-line typescript/no-empty-object-type -- merged into by applications
export interface Register {}

/** Type of `ctx.user`: the registered one, else `any`. */
// oxlint-disable-next-line typescript/no-explicit-any -- an application that registers no type must not have to cast
export type RegisteredUser = Register extends { user: infer User } ? User : any;

/** What an application adds to its context: the registered type, else nothing. */
export type RegisteredContext = Register extends { context: infer Extras } ? Extras : unknown;
