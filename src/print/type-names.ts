import type { Definitions, Shape } from "../shape/shape.ts";
import { keyOf } from "../shape/unions.ts";

/** Names that mean something else in the module: what it declares, imports, or uses of the language. */
const RESERVED = [
  ..."Api createApi endpoints CallMethod ClientOptions createClient EndpointTable NoParams StreamMethod".split(
    " ",
  ),
  ..."Array Blob Date Object Promise Record String Number Boolean BigInt Symbol Function Error".split(" "),
];

/** Gives the types of a module names, each of which stands for one type only. */
export class TypeNames {
  readonly #taken = new Set<string>(RESERVED);
  readonly #byContent = new Map<string, string>();
  readonly #byId = new Map<string, string>();
  readonly #definitions: Definitions;

  constructor(definitions: Definitions) {
    this.#definitions = definitions;
  }

  /** Gives the name to a type that comes but once, or the name with the next number where it is taken. */
  claim(wanted: string): string {
    const base = /^\p{L}/u.test(wanted) ? wanted : `Type${wanted}`;
    let name = base;
    for (let number = 2; this.#taken.has(name); number++) name = `${base}${number}`;
    this.#taken.add(name);
    return name;
  }

  /** Names a definition; those that wish for the same name and have the same content share it. */
  nameOf(id: string): { name: string; isNew: boolean } {
    const known = this.#byId.get(id);
    if (known !== undefined) return { name: known, isNew: false };
    const definition = this.#definitions[id];
    const content = `${definition?.name} ${definition ? this.#contentOf(definition.shape) : ""}`;
    const shared = this.#byContent.get(content);
    const name = shared ?? this.claim(definition?.name ?? "Unknown");
    this.#byContent.set(content, name);
    this.#byId.set(id, name);
    return { name, isNew: shared === undefined };
  }

  /** Ids come from whoever read the type; the names that were wished for are the same for all. */
  #contentOf(shape: Shape): string {
    return keyOf(shape).replace(/"kind":"ref","id":("(?:[^"\\]|\\.)*")/g, (_match, id: string) =>
      JSON.stringify(this.#definitions[JSON.parse(id) as string]?.name),
    );
  }
}
