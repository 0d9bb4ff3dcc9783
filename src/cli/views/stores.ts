/** stores — what `databox store ls` is told, and shows. */
import { z } from 'zod';
import { validate } from '../../base/http.ts';
import { visible } from '../../base/visible.ts';
import { bytes, duration, table } from '../text.ts';

const limits = { keepMs: z.number().nullable(), maxBytes: z.number().nullable() };
const Store = z.looseObject({
  name: z.string(),
  bytes: z.number(),
  datasources: z.array(z.looseObject({ id: z.string(), kind: z.string(), entries: z.number(), ...limits })),
});
type Store = z.infer<typeof Store>;

export const storesOf = (answer: unknown): Store[] => validate(z.array(Store), answer);

export const storesText = (stores: Store[]): string =>
  table(
    stores.flatMap(({ name, bytes: size, datasources }) =>
      datasources.length === 0
        ? [{ name, size, id: '–', kind: '–', entries: 0, keepMs: null, maxBytes: null }]
        : datasources.map((each) => ({ name, size, ...each })),
    ),
    [
      { title: 'store', of: ({ name }) => name },
      { title: 'size', of: ({ size }) => bytes(size), right: true },
      { title: 'datasource', of: ({ id }) => id },
      { title: 'kind', of: ({ kind }) => kind },
      { title: 'entries', of: ({ entries }) => entries, right: true },
      { title: 'kept', of: keptText },
    ],
    'There is no store yet.',
  );

const Retention = z.looseObject({ id: z.string(), kind: z.string(), ...limits });
type Retention = z.infer<typeof Retention>;

export const retentionOf = (answer: unknown): Retention => validate(Retention, answer);

export const retentionText = ({ kind, id, ...kept }: Retention): string =>
  `/${kind}/${visible(id)}: kept ${keptText(kept) === 'all' ? 'whole' : `is ${keptText(kept)}`}\n`;

function keptText({ keepMs, maxBytes }: Pick<Retention, 'keepMs' | 'maxBytes'>): string {
  const parts = [keepMs === null ? [] : duration(keepMs), maxBytes === null ? [] : bytes(maxBytes)].flat();
  return parts.join(', ') || 'all';
}
