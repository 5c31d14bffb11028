import { group, hardline, ifBroken, indent, join, type Layout, line, softline } from "./layout.ts";

/** A value that a literal in the source can stand for. */
export type Value = string | number | boolean | null | readonly Value[] | { readonly [key: string]: Value };

/** Prints a plain value as an expression. */
export function printValue(value: Value): Layout {
  if (typeof value === "string") return printString(value);
  if (isList(value)) return printList(value);
  if (typeof value === "object" && value !== null) {
    return printFields(Object.entries(value).map(([key, part]) => [key, printValue(part)]));
  }
  return String(value);
}

/** Prints an object expression of fields that are printed already; `breaks`: each on its line. */
export function printFields(
  fields: readonly (readonly [key: string, value: Layout])[],
  breaks = false,
): Layout {
  if (fields.length === 0) return "{}";
  return printBraces(
    fields.map(([key, value]) => [printComputedKey(key), ": ", value]),
    breaks,
  );
}

/** Prints a list between braces, with a comma after each part that ends a line. */
export function printBraces(parts: readonly Layout[], breaks = false): Layout {
  return group(["{", indent([line, join([",", line], parts)]), ifBroken(","), line, "}"], breaks);
}

function printList(items: readonly Value[]): Layout {
  if (items.length === 0) return "[]";
  // Prettier's rule: several objects or lists of several parts each don't share a line.
  const isLong = (item: Value): boolean =>
    typeof item === "object" && item !== null && Object.keys(item).length > 1;
  const breaks = items.length > 1 && items.every(isLong) && new Set(items.map(isList)).size === 1;
  return group(
    ["[", indent([softline, join([",", line], items.map(printValue))]), ifBroken(","), softline, "]"],
    breaks,
  );
}

/** Prints a string, in the quotes that need fewer escapes. */
export function printString(text: string): string {
  const json = JSON.stringify(text)
    // Characters that end a line in no other literal, but would in old engines' strings.
    .replaceAll("\u2028", "\\u2028")
    .replaceAll("\u2029", "\\u2029");
  const count = (quote: string): number => text.split(quote).length - 1;
  if (count('"') <= count("'")) return json;
  const inner = json.slice(1, -1).replace(/\\(.)|'/g, (match, escaped: string | undefined) => {
    if (match === "'") return "\\'";
    return escaped === '"' ? '"' : match;
  });
  return `'${inner}'`;
}

/** Prints the name of a property, in quotes where it needs them. */
export function printKey(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : printString(name);
}

/** In an expression `__proto__` would set the prototype. */
function printComputedKey(name: string): string {
  return name === "__proto__" ? '["__proto__"]' : printKey(name);
}

/** Prints a documentation comment. */
export function printComment(text: string): Layout {
  const lines = text.replaceAll("*/", "*\\/").split(/\r\n|\r|\n/);
  const [first = ""] = lines;
  if (lines.length === 1) return `/** ${first} */`;
  return ["/**", lines.map((each) => [hardline, ` * ${each}`.trimEnd()]), hardline, " */"];
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}
