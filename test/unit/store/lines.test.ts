import fc from 'fast-check';
import { lineCutter } from '../../../src/store/lines.ts';

test('lines are cut as they were, wherever the pieces end', () => {
  const text = fc.array(
    fc.string({ maxLength: 30 }).map((one) => one.replaceAll('\n', ' ')),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(text, fc.boolean(), fc.array(fc.nat(), { maxLength: 20 }), (lines, hasEnd, cuts) => {
      const whole = Buffer.from(lines.join('\n') + (hasEnd ? '\n' : ''));
      const places = [0, ...cuts.map((cut) => cut % (whole.length + 1)), whole.length].sort((a, b) => a - b);
      const cutter = lineCutter(1_000);
      const parts = places.slice(1).map((end, n) => cutter.take(whole.subarray(places[n] as number, end)));
      for (const part of parts) if (part) expect(part.at(-1)).toBe(10);
      const taken = [...parts, cutter.rest()].filter((part) => part !== undefined);
      expect(Buffer.concat(taken).equals(whole)).toBe(true);
    }),
  );
});

test('S03 a line in pieces of one byte takes no more memory than the line', () => {
  const cutter = lineCutter(400_000);
  const before = process.memoryUsage();
  const one = Buffer.from([120]);
  let whole = 0;
  for (let at = 0; at < 400_000; at++) if (cutter.take(one)) whole++;
  expect(whole).toBe(0);
  const after = process.memoryUsage();
  expect(after.external - before.external + after.arrayBuffers - before.arrayBuffers).toBeLessThan(20_000_000);
  expect(() => cutter.take(one)).toThrow('at most 400000 bytes');
});
