// Lays text out within a width, by groups that stand on one line where they fit and else break at all of their
// own line breaks. Oppen, "Prettyprinting" (1980), in the form that Prettier gave it.

/** Text that may be laid out in more than one way. */
export type Layout =
  | string
  | readonly Layout[]
  | { kind: "group"; content: Layout; breaks: boolean }
  | { kind: "indent"; content: Layout }
  | { kind: "line"; flat: string; isHard: boolean }
  | { kind: "choice"; broken: Layout; flat: Layout };

/** A blank, or the end of a line where the group is broken. */
export const line: Layout = { kind: "line", flat: " ", isHard: false };
/** Nothing, or the end of a line where the group is broken. */
export const softline: Layout = { kind: "line", flat: "", isHard: false };
/** The end of a line in any case, which breaks the groups around it. */
export const hardline: Layout = { kind: "line", flat: "", isHard: true };

/** Makes a group; with `breaks` it is broken even if it would fit. */
export function group(content: Layout, breaks = false): Layout {
  return { kind: "group", content, breaks: breaks || hasHardline(content) };
}

/** Indents the lines that begin inside by two more blanks. */
export function indent(content: Layout): Layout {
  return { kind: "indent", content };
}

/** Gives one text where the group around is broken, and another one where it is not. */
export function ifBroken(broken: Layout, flat: Layout = ""): Layout {
  return { kind: "choice", broken, flat };
}

/** Puts a separator between layouts. */
export function join(separator: Layout, parts: readonly Layout[]): Layout {
  return parts.flatMap((part, index) => (index === 0 ? [part] : [separator, part]));
}

interface Command {
  indentation: number;
  isBroken: boolean;
  content: Layout;
}

/** Writes a layout as text whose lines have at most `width` characters where that can be. */
export function write(content: Layout, width: number): string {
  const lines: string[] = [];
  let last = "";
  const commands: Command[] = [{ indentation: 0, isBroken: true, content }];
  for (let command = commands.pop(); command; command = commands.pop()) {
    const { indentation, isBroken, content: current } = command;
    if (typeof current === "string") last += current;
    else if (isList(current)) {
      commands.push(...current.map((part) => ({ ...command, content: part })).toReversed());
    } else if (current.kind === "indent") {
      commands.push({ ...command, indentation: indentation + 2, content: current.content });
    } else if (current.kind === "choice") {
      commands.push({ ...command, content: isBroken ? current.broken : current.flat });
    } else if (current.kind === "group") {
      const flat = { ...command, isBroken: false, content: current.content };
      const isFitting = !current.breaks && fits(flat, commands, width - last.length);
      commands.push({ ...flat, isBroken: !isFitting });
    } else if (isBroken || current.isHard) {
      lines.push(last.trimEnd());
      last = " ".repeat(indentation);
    } else last += current.flat;
  }
  return [...lines, last].join("\n");
}

/** Tells whether a command fits, with what follows it up to the next end of a line. */
function fits(first: Command, following: readonly Command[], width: number): boolean {
  let left = width;
  let next = following.length;
  const commands = [first];
  while (left >= 0) {
    const command = commands.pop() ?? following[--next];
    if (!command) return true;
    const { isBroken, content } = command;
    if (typeof content === "string") left -= content.length;
    else if (isList(content))
      commands.push(...content.map((part) => ({ ...command, content: part })).toReversed());
    else if (content.kind === "indent") commands.push({ ...command, content: content.content });
    else if (content.kind === "choice") {
      commands.push({ ...command, content: isBroken ? content.broken : content.flat });
    } else if (content.kind === "group") {
      commands.push({ ...command, isBroken: isBroken && content.breaks, content: content.content });
    } else if (isBroken || content.isHard) return true;
    else left -= content.flat.length;
  }
  return false;
}

function hasHardline(content: Layout): boolean {
  if (typeof content === "string") return false;
  if (isList(content)) return content.some(hasHardline);
  if (content.kind === "line") return content.isHard;
  if (content.kind === "choice") return hasHardline(content.broken) || hasHardline(content.flat);
  return (content.kind === "group" && content.breaks) || hasHardline(content.content);
}

function isList(content: Layout): content is readonly Layout[] {
  return Array.isArray(content);
}
