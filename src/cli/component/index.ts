/** `install-component`: the author's way from a folder or a repository to a component that runs. */
import type { Command } from 'commander';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../../base/errors.ts';
import { examples } from '../../base/examples.ts';
import { visible } from '../../base/visible.ts';
import { asking, repeated } from '../command.ts';
import { interrupted, stopSignal } from '../interrupt.ts';
import type { CliOptions } from '../options.ts';
import type { Options } from './component.ts';
import { sourceOf } from './source.ts';
import { teller } from './tell.ts';

export function componentCommand(program: Command, { fetchSource }: Pick<CliOptions, 'fetchSource'>): void {
  const command = program
    .command('install-component <source>')
    .description(
      'build the image of an app or driver here, upload its manifest, and install it; the source is an example, a ' +
        'folder, USER/REPO on GitHub or an https address, with #REF for a tag or branch',
    )
    .option('--registry <path>', 'registry path in the image’s name, in place of the manifest’s')
    .option('--tag <tag>', 'tag of the image, in place of the manifest’s')
    .option('--base <image>', 'the base image of the examples: --build-arg BASE=<image>')
    .option('--build-arg <name=value>', 'for the Dockerfile; may be repeated', repeated)
    .option('--as <name>', 'the name in the manifest, where the repository is called otherwise')
    .option('--datasource <clientid=href>', 'which datasource to use; may be repeated', repeated)
    .option('-y, --yes', 'agree to everything it needs, and to nothing else')
    .option('--no-install', 'build and upload only')
    .option('--watch', 'build and replace again whenever the folder changes');
  asking<Options>(command, async ({ box, json }, [what = ''], options) => {
    const isComponent = (path: string) => existsSync(join(path, 'databox-manifest.json'));
    const source = sourceOf(what, { examples: examples().map(({ name }) => name), isComponent });
    const { installComponent } = await import('./component.ts');
    // The first Ctrl-C ends the work, and what it left in temporary folders goes.
    using stop = stopSignal();
    const job = { session: { box, json }, source, options, tell: teller(json), fetchSource, signal: stop.signal };
    try {
      if (!(await installComponent(job))) process.exitCode = 1;
    } catch (err) {
      if (stop.signal.aborted) return void (process.exitCode = interrupted);
      if (!json) for (const fault of faultsOf(err)) process.stderr.write(`  ${visible(fault)}\n`);
      throw err;
    }
  });
}

/** All of them; the sentence holds the first. */
const faultsOf = (err: unknown): string[] =>
  err instanceof Failure && err.code === 'manifest.invalid' && Array.isArray(err.details['faults'])
    ? (err.details['faults'] as string[])
    : [];
