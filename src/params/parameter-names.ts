const NAME = /^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u;
const OPENING = "([{";
const CLOSING = ")]}";

/**
 * Reads the names of a method's parameters, in order, from its own source text. Gives `undefined` where the
 * text does not tell for certain: native and bound functions, destructured and rest parameters, initialisers
 * with a slash in them. Code that was minified has other names than its source.
 */
export function readParameterNames(method: (...args: never[]) => unknown): string[] | undefined {
  const text = Function.prototype.toString.call(method);
  if (text.endsWith("{ [native code] }")) return undefined;
  const pieces = splitParameters(text);
  const names = pieces?.map((piece) => piece.split("=", 1)[0]?.trim() ?? "");
  return names?.every((name) => NAME.test(name)) ? names : undefined;
}

/** Splits the parameter list, comments left out; a trailing comma makes no parameter. */
function splitParameters(text: string): string[] | undefined {
  const start = text.indexOf("(");
  // A computed name or an arrow function without parentheses could put other text before the list.
  if (start < 0 || /[[/'"`=]/.test(text.slice(0, start))) return undefined;
  const pieces: string[] = [];
  let piece = "";
  let depth = 0;
  for (let index = start + 1; index < text.length; index++) {
    const character = text[index] ?? "";
    if (character === "/") {
      const end = skipComment(text, index);
      if (end === undefined) return undefined;
      index = end;
    } else if (character === '"' || character === "'" || character === "`") {
      const end = skipString(text, index);
      if (end === undefined) return undefined;
      piece += text.slice(index, end + 1);
      index = end;
    } else if (character === ")" && depth === 0) {
      if (piece.trim() !== "") pieces.push(piece);
      return pieces;
    } else if (character === "," && depth === 0) {
      pieces.push(piece);
      piece = "";
    } else {
      if (OPENING.includes(character)) depth++;
      if (CLOSING.includes(character)) depth--;
      piece += character;
    }
  }
  return undefined;
}

/** Gives the index of a comment's last character, or `undefined` where the slash begins none. */
function skipComment(text: string, start: number): number | undefined {
  const isBlock = text[start + 1] === "*";
  if (!isBlock && text[start + 1] !== "/") return undefined;
  const end = text.indexOf(isBlock ? "*/" : "\n", start + 2);
  return end < 0 ? undefined : end + (isBlock ? 1 : 0);
}

/** Gives the index of the closing quote, or `undefined` for a template with expressions in it. */
function skipString(text: string, start: number): number | undefined {
  const quote = text[start];
  for (let index = start + 1; index < text.length; index++) {
    if (text[index] === "\\") index++;
    else if (text[index] === quote) return index;
    else if (quote === "`" && text[index] === "$" && text[index + 1] === "{") return undefined;
  }
  return undefined;
}
