/** Points as programs write them, as nobody does, and spoilt ones. */
import fc from 'fast-check';

/** As programs print them, and as nobody does. */
const number = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: -5_000, max: 5_000 }).map((tenths) => String(tenths / 10)) },
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.stringMatching(/^-?(0|[1-9]\d{0,20})(\.\d{1,20})?([eE][-+]?\d{1,3})?$/),
  fc.constantFrom(
    '-0',
    '0',
    '-0.0',
    '1.50',
    '0.000001',
    '0.0000001',
    '5e-324',
    '1.7976931348623157e308',
    '9007199254740993',
  ),
);
const letters = fc.oneof(
  fc.constantFrom('room', 'value', '', '__proto__', 'Küche', '🌡'),
  fc.string({ unit: 'grapheme', maxLength: 6 }),
);
export const gap = fc.oneof({ weight: 6, arbitrary: fc.constant('') }, fc.constantFrom(' ', '\t', '\r\n', '  '));
/** The data of a numeric entry. */
export const point = fc
  .record({ number, tag: fc.option(fc.tuple(letters, letters)), gap })
  .map(({ number, tag, gap }) => {
    const tagged = tag ? `,${gap}${JSON.stringify(tag[0])}${gap}:${JSON.stringify(tag[1])}` : '';
    return `{${gap}"value"${gap}:${gap}${number}${tagged}${gap}}`;
  });

/** A few bytes changed, left out or doubled. */
export const spoilt = (bodies: fc.Arbitrary<Buffer>) => {
  const change = fc.record({
    at: fc.nat(),
    byte: fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('{}[],:"\\0e-. \n'))),
    how: fc.constantFrom('set', 'drop', 'double'),
  });
  return fc.tuple(bodies, fc.array(change, { maxLength: 3 })).map(([body, changes]) =>
    changes.reduce((bytes, { at: place, byte, how }) => {
      const at = place % (bytes.length + 1);
      const rest = bytes.subarray(how === 'double' ? at : at + 1);
      return Buffer.concat([bytes.subarray(0, at), ...(how === 'drop' ? [] : [Buffer.of(byte)]), rest]);
    }, body),
  );
};
