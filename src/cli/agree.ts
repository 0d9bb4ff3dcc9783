/** agree — the owner's say, and what follows from it in the running box. */
import { Failure, failureFrom } from '../base/errors.ts';
import { visible } from '../base/visible.ts';
import { choose, type Choices } from './choose.ts';
import type { Session } from './command.ts';
import { withProgress } from './progress.ts';
import type { Review, Wish } from './review.ts';

export type Terms = {
  given: Choices;
  yes: boolean;
  json: boolean;
  /** Asked of a person, such as `Install app-x under these terms?` */
  question: string;
};

/** The owner's choices; `undefined` when they said no. @throws Failure `usage` when nobody is there to agree */
export async function agreed({ datasources }: Review, terms: Terms): Promise<Choices | undefined> {
  const { given, yes, json, question } = terms;
  const { choices, open } = choose(datasources, given);
  if (!yes && process.stdin.isTTY && !json) {
    const { askPerson } = await import('./person.ts');
    return askPerson(question, { choices, open });
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

export type Work = {
  title: string;
  path: '/components' | '/replace';
  body: object;
  /** Of Ctrl-C: it ends the looking on, and not the work, which is the box's. */
  signal?: AbortSignal;
};

/** Has the box install or replace, and shows each step. @throws Failure as the box ended it, or of the hanging up */
export async function carryOut({ box, json }: Pick<Session, 'box' | 'json'>, { title, path, body, signal }: Work) {
  await withProgress({ title: visible(title), silent: json, ...(signal && { signal }) }, async (report) => {
    let done = false;
    for await (const line of box.lines({ method: 'POST', path, body, signal })) {
      const event = JSON.parse(line) as { step?: string; message?: string; problem?: unknown; done?: true };
      if (event.problem !== undefined) throw failureFrom(event.problem, 'the install failed');
      if (event.message !== undefined) report(visible(event.message));
      done ||= event.done === true;
    }
    if (!done) throw new Failure('databox.stopped', 'Databox ended before this was done; see databox list');
  });
}

/** What a person is told who hangs up: what the box has begun it ends. */
export const leftText = (name: string): string =>
  `Databox goes on with ${visible(name)}: databox list shows it, databox uninstall ${visible(name)} takes it away.`;
