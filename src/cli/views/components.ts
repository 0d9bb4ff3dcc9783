/** components — what `databox list` is told, and shows. */
import { z } from 'zod';
import { validate } from '../../base/http.ts';
import { table } from '../text.ts';

const Component = z.looseObject({
  name: z.string(),
  type: z.string(),
  state: z.string(),
  error: z.string().optional(),
  waitingFor: z.array(z.string()).optional(),
  restarts: z.number(),
  origin: z.string().nullable(),
});
type Component = z.infer<typeof Component>;

export const componentsOf = (answer: unknown): Component[] => validate(z.array(Component), answer);

export const componentsText = (all: Component[]): string => table(all, columns, 'Nothing is installed.');

const colourOf = ({ state }: Component) =>
  state === 'running' ? 'green' : state === 'failed' ? 'red' : ('yellow' as const);

const columns = [
  { title: 'name', of: ({ name }: Component) => name },
  { title: 'type', of: ({ type }: Component) => type },
  { title: 'state', of: ({ state }: Component) => state, colour: colourOf },
  { title: 'restarts', of: ({ restarts }: Component) => restarts, right: true },
  { title: 'from', of: ({ origin }: Component) => origin ?? '–' },
  {
    title: 'remark',
    of: ({ error, waitingFor = [] }: Component) =>
      [
        ...(error === undefined ? [] : [error]),
        ...(waitingFor.length > 0 ? [`waits for ${waitingFor.join(', ')}`] : []),
      ].join('; '),
  },
];
