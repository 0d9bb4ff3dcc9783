import { Failure } from '../base/errors.ts';
import type { Wish } from './review.ts';

export type Choices = Record<string, string[]>;

/** `clientid=href` as given on the command line; the same clientid again adds a further datasource. */
export function givenChoices(given: readonly string[]): Choices {
  const choices = Object.create(null) as Choices;
  for (const each of given) {
    const [clientid = '', ...href] = each.split('=');
    if (clientid === '' || href.length === 0)
      throw new Failure('usage', `--datasource takes clientid=href, not ${each}`);
    (choices[clientid] ??= []).push(href.join('='));
  }
  return choices;
}

export type Choice = {
  choices: Choices;
  /** A person has to say which of the candidates; `required` ones first. */
  open: Wish[];
};

/**
 * What follows from the command line, the manifest and what is there: a needed datasource with one candidate is that
 * one; nothing that is not needed is granted unasked.
 * @throws Failure `usage` for a clientid that the manifest does not have, `datasource.unknown` for a needed datasource
 *   that nothing here provides
 */
export function choose(wishes: readonly Wish[], given: Choices): Choice {
  const stray = Object.keys(given).find((clientid) => !wishes.some((wish) => wish.clientid === clientid));
  if (stray !== undefined) throw new Failure('usage', `the manifest asks for no datasource ${stray}`);
  const choices = Object.create(null) as Choices;
  const open: Wish[] = [];
  for (const wish of wishes) {
    const decided = decision(wish, given[wish.clientid]);
    if (decided) choices[wish.clientid] = decided;
    else if (wish.candidates.length > 0) open.push(wish);
    else if (wish.required) throw nothingProvides(wish);
  }
  return { choices, open: open.sort((a, b) => Number(b.required) - Number(a.required)) };
}

function decision({ chosen, required, min, candidates }: Wish, given: string[] | undefined): string[] | undefined {
  if (given) return given;
  if (chosen.length > 0) return chosen;
  const [only, another] = candidates;
  return required && min <= 1 && only && !another ? [only.href] : undefined;
}

const nothingProvides = ({ clientid, type }: Wish): Failure =>
  new Failure(
    'datasource.unknown',
    `nothing here provides ${type} for ${clientid}: install a driver that does (databox search ${type}), or name one that is to come with --datasource ${clientid}=HREF`,
    { clientid, type },
  );
