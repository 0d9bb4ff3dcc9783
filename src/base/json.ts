/** JSON of an untrusted sender: validated by parsing, kept as its own minified text. Pure. */
import { Failure } from './errors.ts';

/** Brackets within brackets; deeper text is refused before it is parsed. */
const deepest = 64;

export type Json = {
  value: object;
  /** Whitespace between tokens taken out; member order and the spelling of numbers and strings as they came. */
  text: string;
};

/**
 * Reads the first object or array of a text; what follows its `end` is ignored, as clients of the original rely on.
 * @throws Failure `body.invalid`: no object or array, not JSON, nested deeper than 64, a member twice in one object, a
 *   number that is not finite as a double, a lone surrogate
 */
export const readJson = (source: string): Json & { end: number } => readJsonAt(source, 0);

/**
 * The same from an index on, and where it ends, for a text that holds several.
 * @param around  brackets that this text has around what may nest 64 deep
 */
export function readJsonAt(source: string, from: number, around = 0): Json & { end: number } {
  const { end, text, members } = scan(source, from, deepest + around);
  let value: unknown;
  try {
    value = JSON.parse(source.slice(from, end));
  } catch (cause) {
    throw new Failure('body.invalid', 'the body is not JSON', {}, { cause });
  }
  // What parsing lost must have been a name that came twice: readers would disagree about which one counts.
  if (countMembers(value) !== members) throw new Failure('body.invalid', 'an object has a member twice');
  return { value: value as object, text, end };
}

const letters = { quote: 34, backslash: 92, colon: 58, comma: 44 };
const opens = (code: number): boolean => code === 91 || code === 123;
const closes = (code: number): boolean => code === 93 || code === 125;
const isSpace = (code: number): boolean => code === 32 || code === 10 || code === 13 || code === 9;

/** Finds the end of the first balanced value, its minified text, and how many members its objects have. */
function scan(source: string, start: number, most: number): { end: number; text: string; members: number } {
  let kept = '';
  let from = start;
  let depth = 0;
  let members = 0;
  for (let at = start; at < source.length; at++) {
    const code = source.charCodeAt(at);
    if (code === letters.quote) at = endOfString(source, at);
    else if (code === letters.colon) members++;
    else if (isSpace(code)) {
      kept += source.slice(from, at);
      from = at + 1;
    } else if (opens(code)) {
      if (++depth > most) throw new Failure('body.invalid', `JSON may nest at most ${deepest} deep`);
    } else if (closes(code) && --depth === 0) {
      return { end: at + 1, text: kept + source.slice(from, at + 1), members };
    }
    if (depth === 0 && !isSpace(code)) break;
  }
  throw new Failure('body.invalid', 'the body is not a whole JSON object or array');
}

/** Index of the quote that ends the string which begins at `start`. */
function endOfString(source: string, start: number): number {
  for (let end = source.indexOf('"', start + 1); end > 0; end = source.indexOf('"', end + 1)) {
    let before = end;
    while (source.charCodeAt(before - 1) === letters.backslash) before--;
    if ((end - before) % 2 === 0) return end;
  }
  return source.length;
}

function countMembers(value: unknown): number {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new Failure('body.invalid', 'a number is too large for a double');
  }
  if (typeof value === 'string') requireWellFormed(value);
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) for (const item of value) count += countMembers(item);
  else {
    for (const [name, item] of Object.entries(value)) {
      requireWellFormed(name);
      count += 1 + countMembers(item);
    }
  }
  return count;
}

function requireWellFormed(text: string): void {
  if (!text.isWellFormed()) throw new Failure('body.invalid', 'a string has half of a surrogate pair');
}

/** The text of a member of an object, as it is spelled in the object's own minified text; undefined of none. */
export function memberText(text: string, wanted: string): string | undefined {
  for (let at = 1; at < text.length - 1; at++) {
    const colon = endOfString(text, at) + 1;
    const end = endOfValue(text, colon + 1);
    if (JSON.parse(text.slice(at, colon)) === wanted) return text.slice(colon + 1, end);
    at = end;
  }
  return undefined;
}

/** Index of the comma or bracket behind the value that begins at `start`. */
function endOfValue(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === letters.quote) at = endOfString(text, at);
    else if (opens(code)) depth++;
    else if (depth === 0 && (code === letters.comma || closes(code))) return at;
    else if (closes(code)) depth--;
  }
  return text.length;
}
