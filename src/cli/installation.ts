/** installation — the work of `databox install`: shows what is asked for, lets the owner choose, has it installed. */
import { existsSync, readFileSync } from 'node:fs';
import { Failure } from '../base/errors.ts';
import { validate } from '../base/http.ts';
import { visible } from '../base/visible.ts';
import { agreed, carryOut, leftText } from './agree.ts';
import { type Choices, givenChoices } from './choose.ts';
import type { Session } from './command.ts';
import { interrupted, stopSignal } from './interrupt.ts';
import { Review, reviewText } from './review.ts';

export type InstallOptions = { datasource?: string[]; yes?: true };
type Asked = { name: string } | { manifest: unknown };

/** @param what a path or `….json` of a manifest; all else is a name that the app store knows */
export async function installWhat(session: Session, what: string, { datasource = [], yes }: InstallOptions) {
  const asked = askedFor(what);
  const review = validate(Review, await session.box.ask({ method: 'POST', path: '/review', body: asked }));
  const { name } = review.manifest;
  if (review.installed) throw new Failure('component.exists', `${name} is installed already; uninstall it first`);
  if (!session.json) process.stdout.write(`${reviewText(review)}\n`);
  const question = `Install ${visible(name)} under these terms?`;
  const terms = { given: givenChoices(datasource), yes: yes ?? false, json: session.json, question };
  const choices = await agreed(review, terms);
  if (choices) return carryOutOrLeave(session, { name, asked, choices });
  process.exitCode = 1;
  session.say({ installed: null }, () => 'Nothing was installed.\n');
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
    return session.say({ installing: name }, () => `${leftText(name)}\n`);
  }
  session.say({ installed: name, choices }, () => `${visible(name)} is installed.\n`);
}

function askedFor(what: string): Asked {
  if (!what.includes('/') && !what.endsWith('.json')) return { name: what };
  if (!existsSync(what)) throw new Failure('manifest.unknown', `there is no file ${what}`);
  try {
    return { manifest: JSON.parse(readFileSync(what, 'utf8')) as unknown };
  } catch (cause) {
    throw new Failure('manifest.invalid', `${what} is not JSON`, { file: what }, { cause });
  }
}
