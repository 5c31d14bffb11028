// PostgreSQL's text form of arrays: `{1,NULL,"a \"quoted\" one",{…}}`, with `[0:2]=` in front where the
// lowest index is not 1.

/** Parses an array's text. `parse` gets each element's text; a NULL stays `null`. */
export function parseArrayText(text: string, parse: (element: string) => unknown): unknown[] {
  let position = text.indexOf("{");
  const readArray = (): unknown[] => {
    const items: unknown[] = [];
    position++;
    while (position < text.length && text[position] !== "}") {
      if (text[position] === ",") position++;
      else if (text[position] === "{") items.push(readArray());
      else if (text[position] === '"') items.push(parse(readQuoted()));
      else {
        const bare = readBare();
        items.push(bare === "NULL" ? null : parse(bare));
      }
    }
    position++;
    return items;
  };
  const readQuoted = (): string => {
    let value = "";
    position++;
    while (position < text.length && text[position] !== '"') {
      if (text[position] === "\\") position++;
      value += text[position++] ?? "";
    }
    position++;
    return value;
  };
  const readBare = (): string => {
    const start = position;
    while (position < text.length && text[position] !== "," && text[position] !== "}") position++;
    return text.slice(start, position);
  };
  return readArray();
}

/** Writes an array's text. `format` gives an element's text, or `null` for NULL. */
export function formatArrayText(items: readonly unknown[], format: (item: unknown) => string | null): string {
  const parts = items.map((item) => {
    if (Array.isArray(item)) return formatArrayText(item, format);
    const text = format(item);
    return text === null ? "NULL" : `"${text.replace(/["\\]/g, "\\$&")}"`;
  });
  return `{${parts.join(",")}}`;
}
