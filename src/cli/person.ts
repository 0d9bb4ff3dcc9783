/** Questions to a person at a terminal. */
import { createInterface } from 'node:readline/promises';
import { visible } from '../base/visible.ts';
import type { Choice, Choices } from './choose.ts';
import { descriptionOf, type Wish } from './review.ts';

/** Asks for what is open, then for agreement. Returns `undefined` for no. */
export const askPerson = (question: string, { choices, open }: Choice): Promise<Choices | undefined> =>
  atTerminal(async (ask) => {
    const all = { ...choices };
    for (const wish of open) {
      const hrefs = await pick(wish, ask);
      if (hrefs.length > 0) all[wish.clientid] = hrefs;
    }
    const answer = await ask(`${question} [y/N] `);
    return /^y(es)?$/i.test(answer.trim()) ? all : undefined;
  });

/** What a person types; `undefined` when they ended the question. */
export const askWord = (question: string): Promise<string | undefined> =>
  atTerminal(async (ask) => (await ask(question)).trim());

/** Ctrl-C and Ctrl-D at a question are a no: `undefined`. */
async function atTerminal<T>(dialogue: (ask: (text: string) => Promise<string>) => Promise<T>): Promise<T | undefined> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const ended = new AbortController();
  for (const event of ['SIGINT', 'close'] as const) terminal.once(event, () => ended.abort());
  try {
    return await dialogue((text) => terminal.question(text, { signal: ended.signal }));
  } catch (err) {
    if (!ended.signal.aborted) throw err;
    process.stdout.write('\n');
    return undefined;
  } finally {
    terminal.close();
  }
}

async function pick(wish: Wish, question: (text: string) => Promise<string>): Promise<string[]> {
  const { clientid, type, required, min, max, candidates } = wish;
  const lines = candidates.map((item, at) => `  ${at + 1}  ${visible(item.href)}  ${visible(descriptionOf(item))}\n`);
  const many = max === 1 ? 'a number' : 'numbers, with blanks between';
  const none = required ? '' : ', or nothing';
  process.stdout.write(`\nWhich ${visible(type)} for ${visible(clientid)}?\n${lines.join('')}`);
  for (;;) {
    const numbers = (await question(`  ${many}${none}: `)).split(/[\s,]+/).filter((text) => text !== '');
    const hrefs = numbers.map((text) => candidates[Number(text) - 1]?.href);
    const known = hrefs.filter((href) => href !== undefined);
    const enough = known.length >= (required ? Math.max(1, min) : known.length > 0 ? min : 0);
    if (known.length === hrefs.length && enough && (max === -1 || known.length <= max)) return known;
  }
}
