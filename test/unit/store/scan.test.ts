/** That points are read from their bytes exactly as the parser reads them, or not at all. */
import fc from 'fast-check';
import { readEntries } from '../../../src/store/entries.ts';
import { readLines } from '../../../src/store/lines.ts';
import { type Points, pointsOf } from '../../../src/store/point.ts';
import { scanBatch, scanLines } from '../../../src/store/scan.ts';
import { gap, point, spoilt } from './bodies.ts';

/** What the store is told of each point; in the same words however they were read. */
const listed = ({ times, values, tags, names, spellings }: Points) =>
  [...times].map((time, at) => ({
    time,
    value: values[at],
    tag: tags[at] === 0 ? null : names[(tags[at] as number) - 1],
    spelling: spellings.get(at) ?? null,
  }));
const parsed = (body: Uint8Array) => listed(pointsOf([...readEntries('ts', Buffer.from(body).toString())]));

const time = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 1_700_000_000_000, max: 1_800_000_000_000 }).map(String) },
  fc.constantFrom('0', '-0', '-5', '1.0', '1e3', '999999999999999', '9007199254740991'),
);
const entry = fc
  .record({ time: fc.option(time), isFirst: fc.boolean(), point, gap })
  .map(({ time, isFirst, point, gap }) => {
    const data = `${gap}"data":${gap}${point}`;
    const members =
      time === null ? [data] : isFirst ? [`"timestamp":${gap}${time}`, data] : [data, `"timestamp":${time}${gap}`];
    return `{${gap}${members.join(`${gap},`)}${gap}}`;
  });
const entries = fc.array(entry, { maxLength: 8 });
const batch = fc.tuple(entries, gap).map(([all, gap]) => Buffer.from(`${gap}[${gap}${all.join(`${gap},`)}]${gap}`));
const lines = fc
  .tuple(entries, gap)
  .map(([all, gap]) => Buffer.from(all.map((one) => `${gap}${one}${gap}`).join('\n')));

const seen = { taken: 0, left: 0 };
beforeEach(() => Object.assign(seen, { taken: 0, left: 0 }));
// Else this would say nothing of one of both.
afterEach(
  () =>
    void (
      expect.getState().currentTestName?.startsWith('whatever') &&
      expect(Math.min(seen.taken, seen.left)).toBeGreaterThan(50)
    ),
);

test('whatever is posted as a batch', () => {
  fc.assert(
    fc.property(fc.oneof(batch, spoilt(batch)), (body) => {
      const points = scanBatch(body, 100);
      seen[points ? 'taken' : 'left']++;
      if (points) expect(listed(points)).toEqual(parsed(body));
    }),
    { numRuns: 3_000 },
  );
});

test('whatever is posted in lines', () => {
  fc.assert(
    fc.property(fc.oneof(lines, spoilt(lines)), (body) => {
      const scanned = scanLines(body);
      seen[scanned ? 'taken' : 'left']++;
      if (!scanned) return;
      const { entries, ...rest } = readLines('ts', body);
      expect({ points: listed(scanned.points), lines: scanned.lines }).toEqual({
        points: listed(pointsOf(entries)),
        ...rest,
      });
    }),
    { numRuns: 3_000 },
  );
});

describe('what programs write is not left to the parser:', () => {
  const points = [
    { timestamp: 1_767_225_600_000, data: { value: 21.5, room: 'hall' } },
    { timestamp: 1_767_225_600_001, data: { value: 0.1 + 0.2, room: 'Küche' } },
    { timestamp: -1, data: { value: 1e21 } },
  ];
  const python = (text: string): string => text.replaceAll(/[:,]/g, (sign) => `${sign} `);
  test.each([
    ['JSON.stringify', JSON.stringify(points)],
    ['with line breaks', JSON.stringify(points, null, 2)],
    ['json.dumps', python(JSON.stringify(points))],
    ['the time last', JSON.stringify(points.map(({ timestamp, data }) => ({ data, timestamp })))],
    ['no time', JSON.stringify(points.map(({ data }) => ({ data })))],
    [
      'numbers as other languages print them',
      '[{"data":{"value":1.0}},{"data":{"value":1E-07}},{"data":{"value":1.50}}]',
    ],
    ['nothing', ' [ ] '],
  ])('%s', (_, text) => {
    const found = scanBatch(Buffer.from(text), 10);
    expect(found && listed(found)).toEqual(parsed(Buffer.from(text)));
  });
  test('lines, the last with and without a break, and empty ones', () => {
    const text = points.map((point) => `${JSON.stringify(point)}\r\n`).join('\n');
    expect(scanLines(Buffer.from(text))).toMatchObject({ lines: 5 });
    expect(scanLines(Buffer.from(`${text}${JSON.stringify(points[0])}`))).toMatchObject({ lines: 6 });
  });
});

test('of more than are taken at once none is taken', () => {
  const body = (count: number) => Buffer.from(JSON.stringify(Array(count).fill({ data: { value: 1 } })));
  expect(scanBatch(body(3), 3)?.times).toHaveLength(3);
  expect(scanBatch(body(4), 3)).toBeUndefined();
});

test('what was read is not what is read next', () => {
  const one = scanBatch(Buffer.from('[{"timestamp":1,"data":{"value":1,"a":"b"}}]'), 10) as Points;
  const before = listed(one);
  scanBatch(Buffer.from('[{"timestamp":2,"data":{"value":2,"c":"d"}}]'), 10);
  expect(listed(one)).toEqual(before);
});
