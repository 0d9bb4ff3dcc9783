import type { Command } from 'commander';
import { existsSync, readFileSync } from 'node:fs';
import { Failure, failureFrom } from '../base/errors.ts';
import { validate } from '../base/http.ts';
import { visible } from '../base/visible.ts';
import { type Choices, choose, givenChoices } from './choose.ts';
import { asking, repeated, type Session } from './command.ts';
import { withProgress } from './progress.ts';
import { Review, reviewText, type Wish } from './review.ts';

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
    const choices = await agreed(review, { given: givenChoices(datasource), yes: yes ?? false, json: session.json });
    if (!choices) {
      process.exitCode = 1;
      return session.say({ installed: null }, () => 'Nothing was installed.\n');
    }
    await install(session, name, { ...asked, choices });
    session.say({ installed: name, choices }, () => `${visible(name)} is installed.\n`);
  });
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

type Terms = { given: Choices; yes: boolean; json: boolean };

/** The owner's choices; `undefined` when they said no. */
async function agreed({ manifest, datasources }: Review, { given, yes, json }: Terms): Promise<Choices | undefined> {
  const { choices, open } = choose(datasources, given);
  if (!yes && process.stdin.isTTY && !json) {
    const { askPerson } = await import('./person.ts');
    return askPerson(manifest.name, { choices, open });
  }
  if (!yes) {
    throw new Failure('usage', 'nobody is here to agree: look at what it asks for, then run this again with --yes');
  }
  const undecided = open.find(({ required }) => required);
  if (undecided) throw ambiguous(undecided);
  return choices;
}

const ambiguous = ({ clientid, candidates }: Wish): Failure =>
  new Failure(
    'usage',
    `${clientid} could be ${candidates.map(({ href }) => href).join(' or ')}: choose with --datasource ${clientid}=HREF`,
  );

async function install({ box, json }: Session, name: string, body: object): Promise<void> {
  await withProgress({ title: `Installing ${visible(name)}`, silent: json }, async (report) => {
    let done = false;
    for await (const line of box.lines({ method: 'POST', path: '/components', body })) {
      const event = JSON.parse(line) as { step?: string; message?: string; problem?: unknown; done?: true };
      if (event.problem !== undefined) throw failureFrom(event.problem, 'the install failed');
      if (event.message !== undefined) report(visible(event.message));
      done ||= event.done === true;
    }
    if (!done) throw new Failure('databox.stopped', 'Databox ended before the install did; see databox list');
  });
}
