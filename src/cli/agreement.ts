import type { Command } from 'commander';
import { Failure } from '../base/errors.ts';
import { visible } from '../base/visible.ts';
import { asking } from './command.ts';
import { pathOf } from './components.ts';

type Lines = { datasource?: string; destination?: string; host?: string };

/** `revoke` and `allow`: one line of an agreement, taken back and given again. */
export function agreementCommands(program: Command): void {
  const verbs = {
    revoke: 'take back one thing an app or driver may do; what is open ends at once',
    allow: 'give back what was revoked',
  };
  for (const [verb, does] of Object.entries(verbs)) {
    const command = program
      .command(`${verb} <name>`)
      .description(does)
      .option('--datasource <clientid>', 'reading (or control) of a datasource')
      .option('--destination <url>', 'export to a destination')
      .option('--host <name>', 'talking to an outside host');
    asking<Lines>(command, async ({ box, say }, [name = ''], { datasource, destination, host }) => {
      const given = Object.entries({ datasource, destination, host }).filter(([, value]) => value !== undefined);
      const [line] = given;
      if (!line || given.length > 1) throw new Failure('usage', 'name one of --datasource, --destination and --host');
      await box.ask({ method: 'POST', path: pathOf(name, `/${verb}`), body: Object.fromEntries(given) });
      const done = verb === 'revoke' ? 'may no longer use' : 'may use again:';
      say({ [verb]: name, ...Object.fromEntries(given) }, () => `${visible(name)} ${done} ${visible(line[1] ?? '')}\n`);
    });
  }
}
