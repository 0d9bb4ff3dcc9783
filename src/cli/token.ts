import { type Command, Option } from 'commander';
import { asking } from './command.ts';

type Options = { destination?: string; observe?: string; dev?: string };
/** `token`: what an author's component would be given by the arbiter, within what its owner agreed to. */
export function tokenCommand(program: Command): void {
  const command = program
    .command('token <component> <method> <store> <path>')
    .description('mint a token as a component would get it, within what was agreed; it is written to the log')
    .option('--destination <url>', 'for an export to this URL')
    .addOption(new Option('--observe <mode>', 'for an observation').choices(['data', 'audit', 'notification']))
    .option('--dev <url>', 'ask a `databox dev` at this address; else DATABOX_DEV_URL, else the running box');
  asking<Options>(command, async (session, [component = '', method = '', target = '', path = ''], options) => {
    const { destination, observe, dev = process.env['DATABOX_DEV_URL'] } = options;
    const caveats = [...(destination ? [{ destination }] : []), ...(observe ? [{ observe }] : [])];
    const asked = { method: method.toUpperCase(), target, path, caveats };
    const { explained, ofBox, ofDesk } = await import('./mint.ts');
    const minted = dev === undefined ? await ofBox(session, component, asked) : await ofDesk(dev, component, asked);
    session.say({ ...minted, component }, () => explained(minted, { component, asked, dev }));
  });
}
