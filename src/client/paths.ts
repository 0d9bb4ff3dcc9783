import { DataboxError } from './errors.ts';

/**
 * A path of the box, as a template: each value is one segment of it.
 * @throws DataboxError `path.invalid` for a value that would be two, or is no Unicode text
 */
export function pathOf(parts: TemplateStringsArray, ...segments: (string | number)[]): string {
  return String.raw({ raw: parts }, ...segments.map(checked));
}

/** What else no path may hold the box says itself; this it could only take for another path. */
function checked(segment: string | number): string {
  const text = String(segment);
  const fault = text.includes('/') ? 'may not contain a slash' : loneSurrogate.test(text) ? 'is no Unicode text' : '';
  if (fault === '') return text;
  throw new DataboxError('path.invalid', `an id, key or tag ${fault}: ${JSON.stringify(text)}`);
}

const loneSurrogate = /\p{Surrogate}/u;
