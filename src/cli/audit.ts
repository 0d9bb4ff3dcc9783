import type { Command } from 'commander';
import { Failure } from '../base/errors.ts';
import { asking, whole } from './command.ts';
import { momentOf } from './moment.ts';

type Filter = { component?: string; datasource?: string; since?: string; limit: string; each?: true };

/** `audit show`, which `audit` alone means too, and `audit verify`. */
export function auditCommand(program: Command): void {
  const audit = program.command('audit').description('who used what, and what was done, refused and permitted');
  const show = audit
    .command('show', { isDefault: true })
    .description('who used which datasource, and what was done, refused and permitted; also as `databox audit`')
    .option('--component <name>', 'by one component only; `owner` is you')
    .option('--datasource <datasource>', 'of one datasource only: its id, path or href')
    .option('--since <time>', 'from this time on, such as 2026-01-31 or 2026-01-31T13:05Z')
    .option('--limit <number>', 'at most this many of each', '100')
    .option('--each', 'uses by minute, hour and day as they are kept, not as sums');
  asking<Filter>(show, async ({ box, say }, _args, { component, datasource, since, limit, each }) => {
    const query = new URLSearchParams({
      limit: String(whole(limit)),
      ...(component !== undefined && { component }),
      ...(datasource !== undefined && { datasource }),
      ...(since !== undefined && { since: String(momentOf(since)) }),
      ...(each && { each: '1' }),
    });
    const { auditOf, auditText } = await import('./views/audit.ts');
    say(auditOf(await box.ask({ path: `/audit?${query.toString()}` })), auditText);
  });
  const verify = audit.command('verify').description('say whether every entry is there and as it was written');
  asking(verify, async ({ box, say }) => {
    const { verdictOf, verdictText } = await import('./views/audit.ts');
    const verdict = verdictOf(await box.ask({ path: '/audit/verify' }));
    const [first] = verdict.broken;
    if (first) throw new Failure('ledger.broken', `the ledger is broken: ${verdictText(verdict)}`, verdict);
    say(verdict, verdictText);
  });
}
