/** repositories — what `databox repo` and `databox search` are told, and show. */
import { z } from 'zod';
import { validate } from '../../base/http.ts';
import { visible } from '../../base/visible.ts';
import { table, time } from '../text.ts';

const Repository = z.looseObject({
  name: z.string(),
  url: z.string(),
  official: z.boolean(),
  syncedAt: z.number().nullable(),
  manifests: z.number(),
  broken: z.array(z.looseObject({ file: z.string(), faults: z.array(z.string()) })),
  clashes: z.array(z.looseObject({ name: z.string(), file: z.string(), heldBy: z.string() })),
  problem: z.looseObject({ title: z.string() }).nullable(),
});
type Repository = z.infer<typeof Repository>;
const Entry = z.looseObject({
  manifest: z.looseObject({ name: z.string(), 'databox-type': z.string(), description: z.string().nullish() }),
  origin: z.string(),
});
type Entry = z.infer<typeof Entry>;

export const repositoryOf = (answer: unknown): Repository => validate(Repository, answer);
export const repositoriesOf = (answer: unknown): Repository[] => validate(z.array(Repository), answer);
export const offersOf = (answer: unknown): Entry[] => validate(z.array(Entry), answer);

export const offersText = (offers: Entry[]): string =>
  table(
    offers,
    [
      { title: 'name', of: ({ manifest }) => manifest.name },
      { title: 'type', of: ({ manifest }) => manifest['databox-type'] },
      { title: 'from', of: ({ origin }) => origin },
      { title: 'description', of: ({ manifest }) => manifest.description ?? '' },
    ],
    'Nothing was found.',
  );

export const repositoriesText = (all: Repository[]): string =>
  table(
    all,
    [
      { title: 'name', of: ({ name, official }) => (official ? `${name} *` : name) },
      { title: 'manifests', of: ({ manifests }) => manifests, right: true },
      { title: 'read', of: ({ syncedAt }) => (syncedAt === null ? 'never' : time(syncedAt)) },
      { title: 'address', of: ({ url }) => url },
      { title: 'problem', of: ({ problem }) => problem?.title ?? '', colour: () => 'red' },
    ],
    'There is no repository.',
  ) +
  all
    .flatMap(faultsOf)
    .map((fault) => `${visible(fault)}\n`)
    .join('');

const faultsOf = ({ name, broken, clashes }: Repository): string[] => [
  ...broken.map(({ file, faults }) => `${name}: ${file} is skipped: ${faults.join('; ')}`),
  ...clashes.map((clash) => `${name}: ${clash.name} (${clash.file}) is not offered: ${clash.heldBy} has that name`),
];
