import type { Command } from 'commander';
import { z } from 'zod';
import { validate } from '../base/http.ts';
import { visible } from '../base/visible.ts';
import { asking } from './command.ts';
import { table, time } from './text.ts';

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

/** `repo …` and `search`. */
export function repositoryCommands(program: Command): void {
  const repo = program.command('repo').description('where manifests of apps and drivers come from');
  asking(
    repo.command('list').description('repositories, in the order in which their names win'),
    async ({ box, say }) => {
      say(validate(z.array(Repository), await box.ask({ path: '/repositories' })), repositoriesText);
    },
  );
  const add = repo
    .command('add <url>')
    .description('read a further repository')
    .option('--name <name>', 'what to call it');
  asking<{ name?: string }>(add, async ({ box, say }, [url = ''], { name = url }) => {
    const added = validate(Repository, await box.ask({ method: 'POST', path: '/repositories', body: { name, url } }));
    say(added, () => `${visible(url)} was added; read it with: databox repo sync\n`);
  });
  asking(repo.command('remove <url>').description('forget a repository'), async ({ box, say }, [url = '']) => {
    await box.ask({ method: 'DELETE', path: '/repositories', body: { url } });
    say({ removed: url }, () => `${visible(url)} was removed.\n`);
  });
  asking(repo.command('sync').description('read all repositories now'), async ({ box, say }) => {
    say(validate(z.array(Repository), await box.ask({ method: 'POST', path: '/repositories/sync' })), repositoriesText);
  });
  searchCommand(program);
}

function searchCommand(program: Command): void {
  const search = program.command('search [words...]').description('apps and drivers that can be installed');
  asking(search, async ({ box, say }, words) => {
    const query = words.length > 0 ? `?search=${encodeURIComponent(words.join(' '))}` : '';
    const found = validate(z.array(Entry), await box.ask({ path: `/manifests${query}` }));
    say(found, (entries) =>
      table(
        entries,
        [
          { title: 'name', of: ({ manifest }) => manifest.name },
          { title: 'type', of: ({ manifest }) => manifest['databox-type'] },
          { title: 'from', of: ({ origin }) => origin },
          { title: 'description', of: ({ manifest }) => manifest.description ?? '' },
        ],
        'Nothing was found.',
      ),
    );
  });
}

const repositoriesText = (all: Repository[]): string =>
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
