type IsAny<T> = 0 extends 1 & T ? true : false;

/** Names of a row's columns; any name for a `Row` of `any`. */
export type Column<Row> = IsAny<Row> extends true ? string : Extract<keyof Row, string>;

/** What a column may be compared with. */
type Value<Row, Name> = Name extends keyof Row ? Exclude<Row[Name], undefined> : unknown;

/** Operators that compare a column with one value. */
export type ComparisonOperator = "=" | "!=" | "<>" | ">" | ">=" | "<" | "<=";

/** All operators of a condition. */
export type Operator = ComparisonOperator | "like" | "ilike" | "in" | "not-in" | "is" | "is-not" | "between";

type ConditionOn<Row, Name> =
  | readonly [column: Name, value: Value<Row, Name> | null]
  | readonly [column: Name, operator: "=" | "!=" | "<>" | "is" | "is-not", value: Value<Row, Name> | null]
  | readonly [column: Name, operator: ">" | ">=" | "<" | "<=", value: NonNullable<Value<Row, Name>>]
  | readonly [column: Name, operator: "like" | "ilike", pattern: string]
  | readonly [column: Name, operator: "in" | "not-in", values: readonly (Value<Row, Name> | null)[]]
  | readonly [column: Name, operator: "between", bounds: readonly [Value<Row, Name>, Value<Row, Name>]];

/** One condition: `[column, value]` for equality, or `[column, operator, value]`. */
export type Condition<Row> =
  IsAny<Row> extends true
    ? | readonly [column: string, value: unknown]
      | readonly [column: string, operator: Operator, value: unknown]
    : { [Name in Column<Row>]: ConditionOn<Row, Name> }[Column<Row>];

/** Conditions that all have to hold. */
export type Conditions<Row> = readonly Condition<Row>[];

/** Columns to sort by, the most important first. */
export type Order<Row> = readonly (readonly [column: Column<Row>, direction: "ASC" | "DESC"])[];

/** A row with the selected columns alone; the whole row where none are selected. */
export type Selected<Row, Name> =
  IsAny<Row> extends true ? Row : [Name] extends [keyof Row] ? { [Key in Name]: Row[Key] } : Row;

/** What `findMany` looks for. */
export interface FindManyOptions<Row, Name = Column<Row>, Count extends boolean = boolean> {
  /** Conditions that all have to hold; without any, every row is found. */
  wq?: Conditions<Row>;
  /** Most rows to give. Default: all. */
  num?: number;
  /** Which page of `num` rows, from 1. */
  page?: number;
  order?: Order<Row>;
  /** The columns to give. Default: all. */
  select?: readonly Name[];
  /** Whether to give `total`, the number of rows on all pages together, too. */
  count?: Count;
}

/** Which changes to give. */
export interface ChangesOptions<Row> {
  /** Conditions that all have to hold, as for `findMany`. Default: all rows. */
  wq?: Conditions<Row>;
  /** Ends it when it aborts. Not needed in a stream's handler. */
  signal?: AbortSignal;
}

/** What `findMany` found. */
export type FindManyResult<Row, Count> = Count extends true
  ? { data: Row[]; total: number }
  : { data: Row[]; total?: number };

/** A row to insert: what is left out or undefined gets the column's default. */
export type NewRow<Row> =
  IsAny<Row> extends true ? Record<string, unknown> : { [Name in keyof Row]?: Row[Name] | undefined };

/** The columns of a row that change: what is left out or undefined stays. */
export type Patch<Row> = NewRow<Row>;

/** Type of a row's `id`. */
export type Id<Row> =
  IsAny<Row> extends true ? unknown : Row extends { id: infer Type } ? Type : string | number | bigint;
