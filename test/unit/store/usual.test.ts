/** That a usual point is read exactly as the parser reads it. */
import fc from 'fast-check';
import { Failure } from '../../../src/base/errors.ts';
import { readJson } from '../../../src/base/json.ts';
import { readPosted } from '../../../src/store/body.ts';
import { readPoint } from '../../../src/store/point.ts';
import { usualPoint } from '../../../src/store/usual.ts';
import { gap, point, spoilt } from './bodies.ts';

const append = { do: 'append', kind: 'ts', series: 'any', at: null } as const;

function orRefusal<T>(read: () => T): T | string {
  try {
    return read();
  } catch (err) {
    if (err instanceof Failure) return `${err.code}: ${err.message}`;
    throw err;
  }
}

function taken(body: Buffer) {
  const read = orRefusal(() => readPosted(append, body, 1));
  // A refusal that comes as late as this would be an answer to nobody.
  return typeof read === 'string' ? read : { ...read, json: read.json(), posted: read.posted.toString() };
}

/** In full, and without a look at what is usual. */
const parsed = (body: Buffer) =>
  orRefusal(() => {
    const text = new TextDecoder('utf8', { ignoreBOM: true }).decode(body);
    if (!Buffer.from(text).equals(body)) throw new Failure('body.invalid', 'the body is not UTF-8');
    const found = readJson(text);
    const change = { do: 'point', series: 'any', timestamp: 1, point: readPoint(found) };
    const rest = text.slice(found.end);
    return { change, format: 'json', json: found.text, posted: rest.trim() === '' ? text : text.slice(0, found.end) };
  });

const odd = fc.constantFrom(
  '{"value":-0}',
  '{"value":1e400}',
  '{"value":-1e400}',
  '{"value":01}',
  '{"value":1.}',
  '{"value":1,"value":2}',
  '{"value":1,"value":"2"}',
  '{"value":1,"valu\\u0065":"2"}',
  '{"value":1,"values":"2"}',
  '{"room":"hall","value":1}',
  '{"value":1,"room":2}',
  '{"value":1,"room":"hall","floor":"2"}',
  '{"value":1,"__proto__":"hall"}',
  '{"__proto__":{"value":1}}',
  '{"value":1,"5":"hall"}',
  '{"value":1,"room":"\u007f\u2028"}',
  '{"value":1,"room":"\\ud800"}',
  '{"value":1,"room":"\u001f"}',
  '{"value":1,"\t":"hall"}',
  '{"value":123456789012345678901234567890}',
  '{"value":0.12345678901234567890}',
  '{"value":1}{"value":2}',
  '{"value":1}\u00a0',
  '\ufeff{"value":1}',
  '{"value":"1"}',
  '{}',
  '[1]',
  '1',
  '',
);
const bodies = fc
  .tuple(gap, fc.oneof({ weight: 4, arbitrary: point }, odd, fc.json()), gap)
  .map((parts) => Buffer.from(parts.join('')));

test('whatever is posted', () => {
  const seen = { usual: 0, other: 0, refused: 0 };
  fc.assert(
    fc.property(fc.oneof(bodies, spoilt(bodies)), (body) => {
      const expected = parsed(body);
      if (typeof expected === 'string') seen.refused++;
      else seen[usualPoint(body.toString()) ? 'usual' : 'other']++;
      expect(taken(body)).toEqual(expected);
    }),
    { numRuns: 5_000 },
  );
  // Else this would say nothing of one of them.
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(50);
});

const python = (text: string): string => text.replaceAll(/[:,]/g, (sign) => `${sign} `);
test.each([
  ['JSON.stringify', JSON.stringify({ value: 21.5, room: 'hall' })],
  ['with line breaks', JSON.stringify({ value: -3, room: 'Küche' }, null, 2)],
  ['json.dumps', python(JSON.stringify({ value: 0, room: '__proto__' }))],
  ['no tag', '{"value":12.5}'],
  ['a number as other languages print it', '{"value":1.50}'],
  ['a tag as long as a body may be', `{"value":1,"room":"${'a'.repeat(1024 * 1024)}"}`],
])('what programs write is not left to the parser: %s', (_how, text) => {
  expect(usualPoint(text)).toEqual(readPoint(readJson(text)));
});
