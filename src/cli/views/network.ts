/** network — what `databox net` is told, and shows. */
import { z } from 'zod';
import { validate } from '../../base/http.ts';
import { visible } from '../../base/visible.ts';
import { coloured, table, time } from '../text.ts';

const Port = z.looseObject({ protocol: z.string(), port: z.number() });
const Peer = z.looseObject({
  name: z.string(),
  address: z.string(),
  ports: z.array(Port),
  accepted: z.number(),
  refused: z.number(),
});
const View = z.looseObject({
  pool: z.string(),
  components: z.array(
    z.looseObject({ name: z.string(), place: z.looseObject({ address: z.string() }), peers: z.array(Peer) }),
  ),
  refused: z.array(
    z.looseObject({
      ...{ at: z.number(), component: z.string().nullable(), src: z.string(), dst: z.string() },
      ...{ protocol: z.union([z.string(), z.number()]), port: z.number(), count: z.number() },
    }),
  ),
  unlisted: z.array(z.looseObject({ component: z.string(), count: z.number() })),
  names: z.array(z.looseObject({ component: z.string(), name: z.string(), count: z.number() })),
  excess: z.array(
    z.looseObject({
      ...{ component: z.string(), service: z.string(), what: z.string() },
      ...{ count: z.number(), at: z.number() },
    }),
  ),
  healthy: z.boolean(),
  problems: z.array(z.string()),
});
type View = z.infer<typeof View>;

export const networkOf = (answer: unknown): View => validate(View, answer);

export const networkText = (view: View): string =>
  [
    `addresses from ${view.pool}; ${view.healthy ? coloured('green', 'enforced') : coloured('red', 'NOT HEALTHY')}\n`,
    ...view.problems.map((problem) => `${coloured('red', visible(problem))}\n`),
    `\n${agreed(view)}`,
    `\nRefused flows\n${refusedFlows(view)}${view.unlisted.map(furtherOf).join('')}`,
    `\nRefused names\n${refusedNames(view)}`,
    `\nBeyond the limit of a component\n${refusedExcess(view)}`,
  ].join('');

const agreed = ({ components }: View): string =>
  table(
    components.flatMap(({ name, place, peers }) => peers.map((peer) => ({ ...peer, from: name, own: place.address }))),
    [
      { title: 'component', of: ({ from }) => from },
      { title: 'address', of: ({ own }) => own },
      { title: 'may reach', of: ({ name }) => name },
      { title: 'seen as', of: ({ address }) => address },
      { title: 'ports', of: ({ ports }) => ports.map(({ protocol, port }) => `${port}/${protocol}`).join(' ') },
      { title: 'accepted', of: ({ accepted }) => accepted, right: true },
      {
        title: 'refused',
        of: ({ refused }) => refused,
        right: true,
        colour: ({ refused }) => (refused > 0 ? 'red' : undefined),
      },
    ],
    'Nobody may reach anybody.',
  );

const refusedFlows = ({ refused }: View): string =>
  table(
    refused,
    [
      { title: 'last', of: ({ at }) => time(at) },
      { title: 'component', of: ({ component, src }) => component ?? src },
      { title: 'to', of: ({ dst, port, protocol }) => `${dst}:${port}/${protocol}` },
      { title: 'count', of: ({ count }) => count, right: true },
    ],
    'none',
  );

/** The record of a component is bounded; what fell out of it is said. */
const furtherOf = ({ component, count }: View['unlisted'][number]): string =>
  `and ${count} further attempts of ${visible(component)}, no longer listed\n`;

const refusedNames = ({ names }: View): string =>
  table(
    names,
    [
      { title: 'component', of: ({ component }) => component },
      { title: 'name', of: ({ name }) => name },
      { title: 'count', of: ({ count }) => count, right: true },
    ],
    'none',
  );

const refusedExcess = ({ excess }: View): string =>
  table(
    excess,
    [
      { title: 'last', of: ({ at }) => time(at) },
      { title: 'component', of: ({ component }) => component },
      { title: 'at', of: ({ service }) => service },
      { title: 'what', of: ({ what }) => what },
      { title: 'count', of: ({ count }) => count, right: true },
    ],
    'none',
  );
