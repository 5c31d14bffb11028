/** Longer endings stand first, so that `PostModelClass` loses both words. */
const SUFFIXES = ["ModelClass", "FrameClass", "Model", "Frame", "Class"];

/**
 * Gives the camelCase name of a model from its class name: `UserProfileModelClass` is `userProfile`. A class
 * that is called `Model` or the like and nothing else keeps its name.
 */
export function modelName(className: string): string {
  const suffix = SUFFIXES.find((ending) => className.endsWith(ending) && className.length > ending.length);
  return toCamelCase(suffix ? className.slice(0, -suffix.length) : className);
}

/** Gives the default table of a model: its name in snake_case and in the plural (`userProfiles` → `user_profiles`). */
export function tableName(className: string): string {
  const words = splitWords(modelName(className));
  const last = words.pop() ?? "";
  return [...words, pluralize(last)].join("_");
}

function toCamelCase(name: string): string {
  // A leading acronym is lowered as a whole: `SSELog` is `sseLog`, `URL` is `url`.
  return name.replace(/^[A-Z]+(?![a-z])|^[A-Z]/, (start) => start.toLowerCase());
}

function splitWords(name: string): string[] {
  return name
    .replace(/([a-z\d])([A-Z])/g, "$1_$2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1_$2")
    .toLowerCase()
    .split("_")
    .filter((word) => word !== "");
}

const IRREGULAR: Record<string, string> = {
  child: "children",
  datum: "data",
  foot: "feet",
  goose: "geese",
  man: "men",
  medium: "media",
  mouse: "mice",
  person: "people",
  quiz: "quizzes",
  tooth: "teeth",
  woman: "women",
};

/** Words that are the same in both numbers, or already plural. */
const INVARIABLE = new Set([
  ..."aircraft data equipment feedback fish information media metadata money news people series sheep".split(
    " ",
  ),
  ..."software species staff".split(" "),
]);

/** Ends in f or fe and takes -ves; the others (`proof`, `roof`, `chief`) just take an s. */
const VES = /^(.*(?:lea|loa|thie|shel|hal|wol|sel|cal))f$|^(.*(?:kni|li|wi))fe$/;
const OES = new Set(["echo", "hero", "potato", "tomato", "veto"]);

/** Gives the plural of an English noun in lower case; set a model's `static table` where it guesses wrong. */
export function pluralize(word: string): string {
  if (word === "" || INVARIABLE.has(word)) return word;
  const irregular = Object.hasOwn(IRREGULAR, word) ? IRREGULAR[word] : undefined;
  if (irregular !== undefined) return irregular;
  const ves = VES.exec(word);
  if (ves) return `${ves[1] ?? ves[2]}ves`;
  if (/(?:[^aeiou]|qu)y$/.test(word)) return `${word.slice(0, -1)}ies`;
  // `analysis` → `analyses`, but `basis` of one vowel as well; `status` and `bus` are no such words.
  if (/[^aeiou]sis$|[aeiou]sis$/.test(word)) return `${word.slice(0, -2)}es`;
  if (/(?:matr|vert|ind)(?:ix|ex)$/.test(word)) return `${word.slice(0, -2)}ices`;
  if (/(?:s|x|z|ch|sh)$/.test(word) || OES.has(word)) return `${word}es`;
  return `${word}s`;
}
