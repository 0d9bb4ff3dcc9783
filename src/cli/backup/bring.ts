/** bring — a backup file back into the box. It is read whole before the box hears of it. */
import type { FileHandle } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { z } from 'zod';
import { validate } from '../../base/http.ts';
import { partsOf } from '../../base/parts.ts';
import { visible } from '../../base/visible.ts';
import type { Box } from '../client.ts';
import type { BackupFacts } from '../options.ts';
import { bytes, coloured } from '../text.ts';
import { metered } from './meter.ts';
import { storeOf } from './take.ts';

const Answer = z.looseObject({
  restored: z.looseObject({ store: z.string(), at: z.string() }),
  setAside: z.string().nullable(),
});
export type Answer = z.infer<typeof Answer>;

export type Sent = { box: Box; file: FileHandle; size: number; store: string; signal: AbortSignal };

export async function bringBack(o: Sent, report: (message: string) => void): Promise<Answer> {
  const { box, file, size, store, signal } = o;
  const tell = (sent: number): void =>
    report(sent < size ? `${Math.floor((100 * sent) / size)} % sent` : 'the box looks at every page of it');
  report('sent to the box, which looks at every page of it');
  const path = `/backups/${encodeURIComponent(store)}`;
  const content = pipeline(partsOf(file), metered(tell), () => {});
  return validate(Answer, await box.ask({ method: 'POST', path, content, signal }));
}

export function factsText({ store, component, type, origin, at, bytes: size }: BackupFacts): string {
  const rows = [
    ['store', store],
    ['of', `the ${type} ${component}, from ${origin || 'an origin that was not noted'}`],
    ['taken', at],
    ['holds', bytes(size)],
  ];
  return `${rows.map(([title = '', text = '']) => `  ${title.padEnd(6)}  ${visible(text)}`).join('\n')}\n`;
}

export const warningOf = (facts: BackupFacts, store: string): string =>
  `${coloured('bold', 'This backup')}\n${factsText(facts)}` +
  `${coloured('red', `takes the place of all that ${visible(store)} holds now. There is no way back.`)}\n`;

export const answerText = ({ restored: { store, at }, setAside }: Answer): string =>
  `${visible(store)} is as it was at ${visible(at)}; whoever uses it goes on.\n` +
  (setAside === null ? '' : `Its damaged file was kept: ${visible(setAside)}\n`);

export const intoOf = (into: string | undefined, { store }: BackupFacts): string =>
  into === undefined ? store : storeOf(into);
