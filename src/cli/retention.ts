import type { Command } from 'commander';
import { Failure } from '../base/errors.ts';
import { asking } from './command.ts';

type Given = { keep?: string; max?: string };

/** `store retention`: how long, or how much, of a datasource is kept. */
export function retentionCommand(store: Command): void {
  const command = store
    .command('retention <store> <datasource>')
    .description('keep only what is young or small enough of a series, such as /ts/loadavg1; the oldest goes first')
    .option('--keep <time>', 'entries younger than this, such as 30d; all: however old')
    .option('--max <size>', 'the newest entries of so many bytes, about, such as 100MB; all: however many');
  asking<Given>(command, async ({ box, say }, [name = '', datasource = ''], { keep, max }) => {
    const [{ durationMs, sizeBytes }, { retentionOf, retentionText }] = await Promise.all([
      import('./text.ts'),
      import('./views/stores.ts'),
    ]);
    if (keep === undefined && max === undefined) throw new Failure('usage', 'say what to keep: --keep, --max, or both');
    const body = {
      path: datasource.startsWith('/') ? datasource : `/${datasource}`,
      ...(keep !== undefined && { keepMs: keep === 'all' ? null : durationMs(keep) }),
      ...(max !== undefined && { maxBytes: max === 'all' ? null : sizeBytes(max) }),
    };
    const path = `/retention/${encodeURIComponent(name)}`;
    say(retentionOf(await box.ask({ method: 'POST', path, body })), retentionText);
  });
}
