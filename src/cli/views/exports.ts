/** exports — what `databox export log` is told, and shows. */
import { z } from 'zod';
import { validate } from '../../base/http.ts';
import { bytes, table, time } from '../text.ts';

const Entry = z.looseObject({
  ...{ component: z.string(), destination: z.string(), bytes: z.number(), at: z.number() },
  ...{ status: z.string(), answer: z.string(), attempts: z.number(), count: z.number() },
});
type Entry = z.infer<typeof Entry>;

export const exportsOf = (answer: unknown): Entry[] => validate(z.array(Entry), answer);

export const exportsText = (all: Entry[]): string => table(all, columns, 'Nothing has left this box.');

const colours: Record<string, 'red' | 'yellow' | 'green'> = {
  ...({ answered: 'green', sending: 'yellow', waiting: 'yellow' } as const),
  ...({ failed: 'red', unknown: 'red', refused: 'red' } as const),
};
const columns = [
  { title: 'time (UTC)', of: ({ at }: Entry) => time(at) },
  { title: 'component', of: ({ component }: Entry) => component },
  { title: 'status', of: ({ status }: Entry) => status, colour: ({ status }: Entry) => colours[status] },
  { title: 'size', of: (entry: Entry) => bytes(entry.bytes), right: true },
  { title: 'count', of: ({ count }: Entry) => count, right: true },
  { title: 'destination', of: ({ destination }: Entry) => destination },
  { title: 'answer', of: ({ answer }: Entry) => answer },
];
