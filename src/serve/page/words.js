// All that the page says, in the language that the browser prefers of those that there are.
import { de } from "./de.js";
import { en } from "./en.js";

const known = { de, en };
export const language = (navigator.languages ?? [navigator.language]).map((tag) => tag.toLowerCase().split("-")[0]).find((code) => code in known) ?? "en";
export const W = { ...en, ...known[language] };
