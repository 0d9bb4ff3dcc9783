/**
 * Points as programs write them, recognised by one regular expression. What matches needs no further look: its numbers are in
 * JSON's grammar, its time is within range, its strings have no escapes and so no half surrogate pairs. Whatever else may be
 * right is read in full. Pure.
 */
import type { Point } from './point.ts';

const space = '[ \\t\\n\\r]*';
const letters = '[^"\\\\\\x00-\\x1f]*';
const spaced = (...tokens: string[]): string => tokens.join(space);

/** Its groups: the number, and of the tag the name and the text. */
const point = spaced(
  ...['{', '"value"', ':', '(-?(?:0|[1-9]\\d{0,14})(?:\\.\\d{1,17})?)'],
  `(?:${spaced(',', `"(?!value")(${letters})"`, ':', `"(${letters})"`, '')})?}`,
);
const onlyPoint = new RegExp(`^${spaced('', point, '')}$`);
const entry = new RegExp(
  spaced('{', '"timestamp"', ':', '(-?(?:0|[1-9]\\d{0,14}))', ',', '"data"', ':', point, '}'),
  'y',
);

type Spelled = { point: Point; text: string };

/** A text that is such a point, and nothing else. */
export function usualPoint(source: string): Point | undefined {
  const found = onlyPoint.exec(source);
  return found ? spelled(found[1], found[2], found[3]).point : undefined;
}

/** `{"timestamp":<ms>,"data":…}` at a place, and where it ends. */
export function usualEntry(
  source: string,
  at: number,
): { entry: Spelled & { timestamp: number }; end: number } | undefined {
  entry.lastIndex = at;
  const found = entry.exec(source);
  if (!found) return undefined;
  return { entry: { timestamp: Number(found[1]) + 0, ...spelled(found[2], found[3], found[4]) }, end: entry.lastIndex };
}

function spelled(number = '', name: string | undefined, tagged = ''): Spelled {
  const value = Number(number);
  const tag = name === undefined ? null : { name, text: tagged };
  const text = tag === null ? `{"value":${number}}` : `{"value":${number},"${tag.name}":"${tag.text}"}`;
  return { text, point: { value, tag, spelling: isPlain(number) || `${value}` === number ? null : text } };
}

/** Of numbers up to 15 digits JavaScript prints the same again, as long as they need no exponent: it need not be asked. */
const plain = /^-?(?:0\.\d{0,5}[1-9]|[1-9]\d{0,8}(?:\.\d{0,5}[1-9])?)$/;
const isPlain = (number: string): boolean => plain.test(number);
