import type { Command } from 'commander';
import { visible } from '../base/visible.ts';
import { asking } from './command.ts';

/** `repo …` and `search`. */
export function repositoryCommands(program: Command): void {
  const repo = program.command('repo').description('where manifests of apps and drivers come from');
  asking(
    repo.command('list').description('repositories, in the order in which their names win'),
    async ({ box, say }) => {
      const { repositoriesOf, repositoriesText } = await import('./views/repositories.ts');
      say(repositoriesOf(await box.ask({ path: '/repositories' })), repositoriesText);
    },
  );
  const add = repo
    .command('add <url>')
    .description('read a further repository')
    .option('--name <name>', 'what to call it');
  asking<{ name?: string }>(add, async ({ box, say }, [url = ''], { name = url }) => {
    const { repositoryOf } = await import('./views/repositories.ts');
    const added = repositoryOf(await box.ask({ method: 'POST', path: '/repositories', body: { name, url } }));
    say(added, () => `${visible(url)} was added; read it with: databox repo sync\n`);
  });
  asking(repo.command('remove <url>').description('forget a repository'), async ({ box, say }, [url = '']) => {
    await box.ask({ method: 'DELETE', path: '/repositories', body: { url } });
    say({ removed: url }, () => `${visible(url)} was removed.\n`);
  });
  asking(repo.command('sync').description('read all repositories now'), async ({ box, say }) => {
    const { repositoriesOf, repositoriesText } = await import('./views/repositories.ts');
    say(repositoriesOf(await box.ask({ method: 'POST', path: '/repositories/sync' })), repositoriesText);
  });
  searchCommand(program);
}

function searchCommand(program: Command): void {
  const search = program.command('search [words...]').description('apps and drivers that can be installed');
  asking(search, async ({ box, say }, words) => {
    const query = words.length > 0 ? `?search=${encodeURIComponent(words.join(' '))}` : '';
    const { offersOf, offersText } = await import('./views/repositories.ts');
    say(offersOf(await box.ask({ path: `/manifests${query}` })), offersText);
  });
}
