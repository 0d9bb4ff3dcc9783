/** That changes come out at the writer as they went in. */
import fc from 'fast-check';
import { pack, unpack } from '../../../src/store/sqlite/packing.ts';
import type { Change, Packed } from '../../../src/store/sqlite/protocol.ts';

const text = fc.oneof(fc.constantFrom('', '__proto__', 'do'), fc.string());
const point = fc.record({
  value: fc.double({ noNaN: true }),
  tag: fc.option(fc.record({ name: text, text })),
  spelling: fc.option(text),
});
const change = fc.oneof(
  fc.record({ do: fc.constant('point' as const), series: text, timestamp: fc.maxSafeInteger(), point }),
  fc.record({ do: fc.constant('document' as const), series: text, timestamp: fc.maxSafeInteger(), text }),
  fc.record({
    do: fc.constant('batch' as const),
    kind: fc.constant('ts' as const),
    series: text,
    body: fc.uint8Array().map((bytes) => new Uint8Array(bytes)),
    now: fc.maxSafeInteger(),
  }),
);
const changes: fc.Arbitrary<Change[]> = fc.array(fc.record({ store: text, change }, { noNullPrototype: true }));

test('changes of all kinds, in their order', () => {
  fc.assert(
    fc.property(changes, (all) => {
      const packed: Packed = [];
      for (const one of all) pack(packed, one);
      expect(unpack(structuredClone(packed))).toEqual(all);
    }),
  );
});
