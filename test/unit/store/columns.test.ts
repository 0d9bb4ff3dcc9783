import { deflateRawSync, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { decode, encode, mostEntries, sharedRoom, type Columns } from '../../../src/store/columns.ts';

const furthest = 2 ** 52;
/** As sensors have them, and as nobody has. */
const value = fc.oneof(
  fc.integer({ min: -5_000, max: 5_000 }).map((tenths) => tenths / 10),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(-0, 0, Number.MAX_VALUE, Number.MIN_VALUE, 2 ** 53, 0.1 + 0.2),
);
const time = fc.oneof(fc.integer({ min: 0, max: 100_000 }), fc.integer({ min: -furthest, max: furthest }));
const entry = fc.record({
  time,
  value,
  tag: fc.oneof(fc.constant(0), fc.nat(300), fc.nat(2 ** 40)),
  spelling: fc.option(fc.string()),
});
const columns = fc.array(entry, { minLength: 1, maxLength: 200 }).map((entries) => {
  const ordered = entries.toSorted((a, b) => a.time - b.time);
  return columnsOf(ordered.map((one, at) => ({ ...one, seq: at * 3 })));
});

function columnsOf(
  entries: { time: number; seq: number; value: number; tag: number; spelling: string | null }[],
): Columns {
  const spelled = entries.flatMap(({ spelling }, at) => (spelling === null ? [] : [[at, spelling] as const]));
  return {
    times: Float64Array.from(entries, ({ time }) => time),
    seqs: Float64Array.from(entries, ({ seq }) => seq),
    values: Float64Array.from(entries, ({ value }) => value),
    tags: Float64Array.from(entries, ({ tag }) => tag),
    spellings: new Map(spelled),
  };
}

const listed = ({ times, seqs, values, tags, spellings }: Columns) => ({
  ...{ times: [...times], seqs: [...seqs], tags: [...tags], spellings: [...spellings] },
  // toEqual tells 0 from -0.
  values: [...values],
});

test('what was packed comes back to the bit', () => {
  fc.assert(
    fc.property(columns, (given) => expect(listed(decode(encode(given)))).toEqual(listed(given))),
    { numRuns: 500 },
  );
});

test('in a room that others were in before, too', () => {
  const room = sharedRoom();
  fc.assert(
    fc.property(columns, (given) => expect(listed(decode(encode(given), { room }))).toEqual(listed(given))),
    { numRuns: 300 },
  );
});

test('however many were expected', () => {
  fc.assert(
    fc.property(columns, fc.nat(2 * mostEntries), (given, entries) =>
      expect(listed(decode(encode(given), { entries }))).toEqual(listed(given)),
    ),
    { numRuns: 300 },
  );
});

test('a thermometer takes less than three bytes a point', () => {
  const entries = Array.from({ length: 1_000 }, (_, at) => {
    const value = Math.round(200 + 50 * Math.sin(at / 50) + ((at * 7_919) % 13)) / 10;
    return {
      time: 1_767_225_600_000 + at * 60_000 + ((at * 31) % 17),
      seq: at,
      value,
      tag: 1 + ((at >> 6) % 4),
      spelling: null,
    };
  });
  expect(encode(columnsOf(entries)).length / entries.length).toBeLessThan(3);
});

test('any bytes are columns that fit together, or an error', () => {
  const bytes = fc.oneof(
    fc.uint8Array(),
    fc.tuple(columns, fc.nat(), fc.nat(255)).map(([given, at, byte]) => {
      const packed = Uint8Array.from(inflateRawSync(encode(given)));
      packed[at % packed.length] = byte;
      return deflateRawSync(packed);
    }),
  );
  fc.assert(
    fc.property(bytes, (data) => {
      let found: Columns;
      try {
        found = decode(data);
      } catch (err) {
        // What inflates says has a code; a TypeError would be a defect here.
        return expect((err as Error).name).not.toMatch(/^TypeError$/);
      }
      const { times, seqs, values, tags } = found;
      expect(new Set([times.length, seqs.length, values.length, tags.length]).size).toBe(1);
      expect(times.length).toBeLessThanOrEqual(mostEntries);
    }),
    { numRuns: 1_000 },
  );
});

test('bytes that would fill memory are refused before they do', () => {
  const bomb = deflateRawSync(Buffer.alloc(64 * 1_024 * 1_024));
  expect(bomb.length).toBeLessThan(100_000);
  expect(() => decode(bomb)).toThrow(/larger than/);
});
