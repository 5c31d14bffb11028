/** Writes a name of any form in PascalCase, fit to be a part of an identifier: `stream-tides` is `StreamTides`. */
export function toPascalCase(name: string): string {
  return name
    .split(/[^\p{L}\p{Nl}\p{Nd}]+/u)
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join("");
}
