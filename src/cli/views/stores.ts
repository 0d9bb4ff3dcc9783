/** stores — what `databox store ls` is told, and shows. */
import { z } from 'zod';
import { validate } from '../../base/http.ts';
import { bytes, table } from '../text.ts';

const Store = z.looseObject({
  name: z.string(),
  bytes: z.number(),
  datasources: z.array(z.looseObject({ id: z.string(), kind: z.string(), entries: z.number() })),
});
type Store = z.infer<typeof Store>;

export const storesOf = (answer: unknown): Store[] => validate(z.array(Store), answer);

export const storesText = (stores: Store[]): string =>
  table(
    stores.flatMap(({ name, bytes: size, datasources }) =>
      datasources.length === 0
        ? [{ name, size, id: '–', kind: '–', entries: 0 }]
        : datasources.map((each) => ({ name, size, ...each })),
    ),
    [
      { title: 'store', of: ({ name }) => name },
      { title: 'size', of: ({ size }) => bytes(size), right: true },
      { title: 'datasource', of: ({ id }) => id },
      { title: 'kind', of: ({ kind }) => kind },
      { title: 'entries', of: ({ entries }) => entries, right: true },
    ],
    'There is no store yet.',
  );
