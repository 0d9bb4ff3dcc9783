import fc from 'fast-check';
import { readJson } from '../../../src/base/json.ts';

const whole = fc.oneof(
  fc.array(fc.jsonValue({ maxDepth: 5 })),
  fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 5 })),
);
const space = fc.stringMatching(/^[ \t\r\n]{0,3}$/);
const trailing = fc.constantFrom('', ' ', ', "a": 1}', ']', 'junk', ' {"b":');

test('any JSON in any layout is kept as its minified text; what follows is ignored', () => {
  fc.assert(
    fc.property(whole, fc.integer({ min: 0, max: 4 }), space, trailing, (value, indent, before, after) => {
      const { text, value: read } = readJson(before + JSON.stringify(value, null, indent) + after);
      expect(text).toBe(JSON.stringify(value));
      expect(read).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('any text is either refused as a body or kept as text that parses to the same', () => {
  const pieces = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    '"',
    '\\',
    'a',
    '1',
    '-',
    ' ',
    'null',
    '"a":',
    '\n',
    '\\u00',
    'e9',
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
      let kept: { text: string; value: object };
      try {
        kept = readJson(parts.join(''));
      } catch (err) {
        expect(err).toMatchObject({ code: 'body.invalid' });
        return;
      }
      expect(JSON.parse(kept.text)).toEqual(kept.value);
    }),
    { numRuns: 2_000 },
  );
});

test.each(['{"a":1.50}', '[1e3,1E-7,-0,0.10]', '{"b":"\\u0061\\/","a":12345678901234567890}'])(
  '%s is spelled as it was',
  (text) => {
    expect(readJson(text).text).toBe(text);
  },
);
