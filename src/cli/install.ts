import type { Command } from 'commander';
import { existsSync, readFileSync } from 'node:fs';
import { Failure } from '../base/errors.ts';
import { validate } from '../base/http.ts';
import { visible } from '../base/visible.ts';
import { agreed, carryOut } from './agree.ts';
import { type Choices, givenChoices } from './choose.ts';
import { asking, repeated, type Session } from './command.ts';
import { interrupted, stopSignal } from './interrupt.ts';
import { Review, reviewText } from './review.ts';

type Options = { datasource?: string[]; yes?: true };
type Asked = { name: string } | { manifest: unknown };

/** `install`: shows what is asked for, lets the owner choose, and installs what was agreed. */
export function installCommand(program: Command): void {
  const command = program
    .command('install <name-or-file>')
    .description('install an app or driver: shows what it asks for, and asks you')
    .option('--datasource <clientid=href>', 'which datasource to use; may be repeated', repeated)
    .option('-y, --yes', 'agree to everything it needs, and to nothing else');
  asking<Options>(command, async (session, [what = ''], { datasource = [], yes }) => {
    const asked = askedFor(what);
    const review = validate(Review, await session.box.ask({ method: 'POST', path: '/review', body: asked }));
    const { name } = review.manifest;
    if (review.installed) throw new Failure('component.exists', `${name} is installed already; uninstall it first`);
    if (!session.json) process.stdout.write(`${reviewText(review)}\n`);
    const question = `Install ${visible(name)} under these terms?`;
    const terms = { given: givenChoices(datasource), yes: yes ?? false, json: session.json, question };
    const choices = await agreed(review, terms);
    if (!choices) {
      process.exitCode = 1;
      return session.say({ installed: null }, () => 'Nothing was installed.\n');
    }
    await carryOutOrLeave(session, { name, asked, choices });
  });
}

type Agreed = { name: string; asked: Asked; choices: Choices };

/** What the box has begun it ends; Ctrl-C only ends the looking on, and says so. */
async function carryOutOrLeave(session: Session, { name, asked, choices }: Agreed): Promise<void> {
  using stop = stopSignal();
  const body = { ...asked, choices };
  try {
    await carryOut(session, { title: `Installing ${name}`, path: '/components', body, signal: stop.signal });
  } catch (err) {
    if (!stop.signal.aborted) throw err;
    process.exitCode = interrupted;
    const shown = visible(name);
    return session.say(
      { installing: name },
      () => `Databox goes on installing ${shown}: databox list shows it, databox uninstall ${shown} takes it back.\n`,
    );
  }
  session.say({ installed: name, choices }, () => `${visible(name)} is installed.\n`);
}

/** A path or `….json` is a manifest file; all else is a name that the app store knows. */
function askedFor(what: string): Asked {
  if (!what.includes('/') && !what.endsWith('.json')) return { name: what };
  if (!existsSync(what)) throw new Failure('manifest.unknown', `there is no file ${what}`);
  try {
    return { manifest: JSON.parse(readFileSync(what, 'utf8')) as unknown };
  } catch (cause) {
    throw new Failure('manifest.invalid', `${what} is not JSON`, { file: what }, { cause });
  }
}
