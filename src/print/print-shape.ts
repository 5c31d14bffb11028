// Prints shapes as TypeScript types, one function for each kind, laid out as Prettier and oxfmt would.

import type { Documentation, ObjectShape, PropertyShape, Shape } from "../shape/shape.ts";
import { group, hardline, ifBroken, indent, join, type Layout, line, softline } from "./layout.ts";
import { printComment, printKey, printString } from "./print-value.ts";

/** Gives the name of a definition by its id. */
export type NameOf = (id: string) => string;

const KEYWORDS = {
  string: "string",
  number: "number",
  boolean: "boolean",
  bigint: "bigint",
  date: "Date",
  blob: "Blob",
  null: "null",
  undefined: "undefined",
  unknown: "unknown",
  never: "never",
  opaque: "unknown",
} as const;

/** Prints a type. */
export function printShape(shape: Shape, nameOf: NameOf): Layout {
  switch (shape.kind) {
    case "literal":
      return printLiteral(shape.value);
    case "template":
      return `\`${shape.text}\``;
    case "array":
      return [shape.readonly ? "readonly " : "", printElement(shape.of, nameOf), "[]"];
    case "tuple":
      return printTuple(shape, nameOf);
    case "object":
      return printObject(shape, nameOf);
    case "union":
      return printUnion(shape.of, nameOf);
    case "intersection":
      return printIntersection(shape.of, nameOf);
    case "ref":
      return nameOf(shape.id);
    default:
      return KEYWORDS[shape.kind];
  }
}

/** Prints the members of an object type or an interface between braces, each on a line of its own. */
export function printMembers(members: readonly Layout[]): Layout {
  if (members.length === 0) return "{}";
  return ["{", indent(members.map((member) => [hardline, member, ";"])), hardline, "}"];
}

/** Prints the properties of an object type, with their comments. */
export function printProperties(properties: readonly PropertyShape[], nameOf: NameOf): Layout[] {
  return properties.map((property) => {
    const { name, shape, optional, readonly } = property;
    const key = `${readonly ? "readonly " : ""}${printKey(name)}${optional ? "?" : ""}: `;
    return [printDocumentation(property), key, printShape(shape, nameOf)];
  });
}

/** Prints a documentation comment with the line that it stands on; nothing where there is nothing to say. */
export function printDocumentation({ description, deprecated }: Documentation): Layout {
  const text = [description?.trim() ?? "", deprecated ? "@deprecated" : ""].filter((each) => each !== "");
  return text.length === 0 ? "" : [printComment(text.join("\n\n")), hardline];
}

/** Prints the arguments of a generic type, of which there are several. */
export function printTypeArguments(args: readonly Layout[]): Layout {
  return group(["<", indent([softline, join([",", line], args)]), softline, ">"]);
}

/** Tells whether a type reads well as an interface: named properties, and at most unknown ones beside them. */
export function isInterface(shape: Shape): shape is ObjectShape {
  if (shape.kind !== "object" || shape.properties.length === 0) return false;
  return !shape.rest || shape.rest.kind === "never" || isUnknown(shape.rest);
}

/** Prints what an interface has between its braces. */
export function printBody(shape: ObjectShape, nameOf: NameOf): Layout {
  return printMembers([...printProperties(shape.properties, nameOf), ...printIndex(shape.rest, nameOf)]);
}

function printLiteral(value: string | number | boolean | bigint): string {
  if (typeof value === "string") return printString(value);
  return typeof value === "bigint" ? `${value}n` : String(value);
}

function printElement(shape: Shape, nameOf: NameOf): Layout {
  const printed = printShape(shape, nameOf);
  if (shape.kind === "union") return ["(", group([indent(unionLines(shape.of, nameOf)), softline]), ")"];
  const isCompound =
    shape.kind === "intersection" ||
    isSplit(shape) ||
    ((shape.kind === "array" || shape.kind === "tuple") && shape.readonly);
  return isCompound ? ["(", printed, ")"] : printed;
}

function printTuple({ items, rest, readonly }: Extract<Shape, { kind: "tuple" }>, nameOf: NameOf): Layout {
  const isSingle = items.length + (rest ? 1 : 0) === 1;
  const printed = items.map(({ shape, optional }) => {
    if (optional) return [printElement(shape, nameOf), "?"];
    return shape.kind === "union" && !isHugged(shape.of)
      ? printUnionItem(shape.of, isSingle, nameOf)
      : printShape(shape, nameOf);
  });
  if (rest) printed.push(["...", printElement(rest, nameOf), "[]"]);
  const inner = [indent([softline, join([",", line], printed)]), ifBroken(","), softline];
  return [readonly ? "readonly " : "", printed.length === 0 ? "[]" : group(["[", inner, "]"])];
}

/** A union that takes several lines stands between parentheses, if it is not alone in its tuple. */
function printUnionItem(options: readonly Shape[], isSingle: boolean, nameOf: NameOf): Layout {
  const lines = [ifBroken("| "), join([line, "| "], printOptions(options, nameOf))];
  if (isSingle) return group(lines);
  return group([indent([ifBroken(["(", softline]), lines]), softline, ifBroken(")")]);
}

function printObject(shape: ObjectShape, nameOf: NameOf): Layout {
  const { properties, rest } = shape;
  if (properties.length === 0) {
    if (!rest || rest.kind === "never") return "Record<string, never>";
    if (isFlat(rest)) return ["Record", printTypeArguments(["string", printShape(rest, nameOf)])];
  }
  if (isSplit(shape)) {
    const { rest: others, ...named } = shape;
    return printIntersection([named, { kind: "object", properties: [], rest: others }], nameOf);
  }
  const members = [...printProperties(properties, nameOf), ...printIndex(rest, nameOf)];
  return group(["{", indent([line, join([";", line], members)]), ifBroken(";"), line, "}"]);
}

function printIndex(rest: Shape | undefined, nameOf: NameOf): Layout[] {
  return rest && rest.kind !== "never" ? [["[key: string]: ", printShape(rest, nameOf)]] : [];
}

function printUnion(options: readonly Shape[], nameOf: NameOf): Layout {
  if (isHugged(options)) {
    return join(
      " | ",
      options.map((option) => printOption(option, nameOf)),
    );
  }
  return group(indent(unionLines(options, nameOf)));
}

/** `{ … } | null` keeps its braces where they are. */
function isHugged(options: readonly Shape[]): boolean {
  const [only, ...others] = options.filter((option) => option.kind !== "null");
  return only !== undefined && others.length === 0 && (only.kind === "ref" || isBraced(only));
}

function unionLines(options: readonly Shape[], nameOf: NameOf): Layout {
  return [ifBroken([line, "| "]), join([line, "| "], printOptions(options, nameOf))];
}

function printOptions(options: readonly Shape[], nameOf: NameOf): Layout[] {
  return options.map((option) => indent(printOption(option, nameOf)));
}

function printOption(option: Shape, nameOf: NameOf): Layout {
  const printed = printShape(option, nameOf);
  return option.kind === "intersection" || isSplit(option) ? ["(", printed, ")"] : printed;
}

function printIntersection(parts: readonly Shape[], nameOf: NameOf): Layout {
  const printed = parts.map((part) =>
    part.kind === "union" ? printElement(part, nameOf) : printShape(part, nameOf),
  );
  let isIndented = false;
  return group(
    printed.map((part, index) => {
      const before = parts[index - 1];
      const current = parts[index];
      if (!before || !current) return part;
      if (isBraced(before) && isBraced(current)) return [" & ", isIndented ? indent(part) : part];
      if (!isBraced(before) && !isBraced(current)) return indent([" &", line, part]);
      if (index > 1) isIndented = true;
      return [" & ", index > 1 ? indent(part) : part];
    }),
  );
}

/** Tells whether an object's other properties have a type of their own, which the named ones need not fit. */
function isSplit(shape: Shape): boolean {
  if (shape.kind !== "object" || shape.properties.length === 0 || !shape.rest) return false;
  return shape.rest.kind !== "never" && !isUnknown(shape.rest);
}

function isBraced(shape: Shape): boolean {
  if (shape.kind !== "object" || isSplit(shape)) return false;
  return (
    shape.properties.length > 0 ||
    (shape.rest !== undefined && shape.rest.kind !== "never" && !isFlat(shape.rest))
  );
}

function isUnknown({ kind }: Shape): boolean {
  return kind === "unknown" || kind === "opaque";
}

/** Tells whether a type has no parts; those with a name could not refer to themselves within `Record`. */
function isFlat({ kind }: Shape): boolean {
  return kind === "literal" || kind === "template" || kind in KEYWORDS;
}
