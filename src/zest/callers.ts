/** callers — the doors of one target behind its gate: each caller has its own, made when it first comes. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Ip } from '../base/ipv4.ts';
import { createLane } from '../base/lane.ts';
import type { Log } from '../base/log.ts';
import type { Page } from './book.ts';
import { openDoor, type Door, type DoorOptions } from './door.ts';
import { createPassage, type Passage } from './passage.ts';
import type { Most as MostOfOne, Relay } from './relay.ts';
import { longestMessageBytes } from './server.ts';

export type Side = 'requests' | 'events';
export type Caller = { readonly component: string } & Readonly<Record<Side, Passage>>;

export type Callers = AsyncDisposable & {
  /**
   * The passages of whoever is at this address now; undefined for an address of nobody.
   * @throws what ZeroMQ does, when it cannot be loaded or has no room
   */
  of(address: Ip): Promise<Caller | undefined>;
  /** Whoever is there has ended: its connections are reset, and what it observed is forgotten. */
  forget(address: Ip): Promise<void>;
  /** Goes on with what was observed before the last stop; what nobody waits for any more is struck. */
  resume(): Promise<void>;
};

export type CallersOptions = Pick<DoorOptions, 'target' | 'secretKey' | 'service' | 'page' | 'log'> & {
  /** The component at an address: the one that REST goes by. */
  nameOf: (address: Ip) => string | undefined;
  /** For the sockets' files; nobody else may enter it. */
  dir: string;
  relay: Relay;
  /** Default: `usualMost`. */
  most?: Most;
};

export type Most = Readonly<Record<Side, MostOfOne>>;
/** Each caller's: two of the longest messages, each way; nobody has anything to say to the socket of events. */
const usualMost: Most = {
  requests: { unread: 2 * longestMessageBytes, unsent: 2 * longestMessageBytes, stalledMs: 10_000 },
  events: { unread: 256 * 1024, unsent: longestMessageBytes, stalledMs: 10_000 },
};

type Seat = Caller & { door: Door };

export function createCallers(options: CallersOptions): Callers {
  const { nameOf, page } = options;
  const seats = new Map<Ip, Seat>();
  const { lane, settled } = createWork();
  let isClosed = false;
  const leave = async (address: Ip): Promise<void> => {
    const seat = seats.get(address);
    seats.delete(address);
    if (seat) await close(seat);
  };
  const forget = async (address: Ip): Promise<void> => {
    await leave(address);
    for (const { identity } of rowsOf(page, address)) page.remove(identity);
  };
  const seated = async (address: Ip): Promise<Caller | undefined> => {
    const component = nameOf(address);
    const known = seats.get(address);
    if (known && known.component === component) return known;
    // Another one has the address now: nothing of the one before it is its.
    if (known) await forget(address);
    if (component === undefined || isClosed) return undefined;
    const seat = await open(options, address, component);
    seats.set(address, seat);
    return seat;
  };
  const goOn = async (address: Ip): Promise<void> => {
    if (!(await seated(address)) && !isClosed) await forget(address);
  };
  return {
    of: (address) => lane(address, () => seated(address)),
    forget: (address) => lane(address, () => forget(address)),
    resume: () => eachOf(options, (address) => lane(address, () => goOn(address))),
    async [Symbol.asyncDispose]() {
      isClosed = true;
      // A door that is being opened while all are closed would stay.
      await settled();
      await Promise.all([...seats.keys()].map(leave));
    },
  };
}

/** A lane whose work can be waited for. */
function createWork() {
  const inTurn = createLane();
  const underWay = new Set<Promise<unknown>>();
  const lane = <T>(address: Ip, work: () => Promise<T>): Promise<T> => {
    const result = inTurn(address, work);
    const end = (): void => void underWay.delete(done);
    const done: Promise<void> = result.then(end, end);
    underWay.add(done);
    return result;
  };
  return { lane, settled: () => Promise.all(underWay) };
}

/** One after the other: what is made first is not held up by what comes later. */
async function eachOf({ page, log }: CallersOptions, act: (address: Ip) => Promise<void>): Promise<void> {
  for (const address of new Set(page.rows().map(({ caller }) => caller))) {
    await act(address).catch((err: unknown) => log.error({ err }, 'observers do not go on'));
  }
}

async function close({ requests, events, door }: Seat): Promise<void> {
  requests.reset();
  events.reset();
  await door[Symbol.asyncDispose]();
}

const rowsOf = (page: Page, address: Ip) => page.rows().filter(({ caller }) => caller === address);

let files = 0;

async function open(options: CallersOptions, address: Ip, component: string): Promise<Seat> {
  const { page, dir, log, relay, most = usualMost, ...common } = options;
  const name = `${files++}`;
  const own = log.child({ component });
  const passageOf = (side: Side) => {
    const file = join(dir, `${name}.${side}`);
    return { file, passage: createPassage({ relay, file, most: most[side], onExcess: tell(own, side) }) };
  };
  const [requests, events] = [passageOf('requests'), passageOf('events')];
  const door = await openDoor({
    ...{ ...common, caller: address, log: own, page: { ...page, rows: () => rowsOf(page, address) } },
    requests: { endpoint: { file: requests.file }, traffic: requests.passage.traffic },
    events: { endpoint: { file: events.file }, traffic: events.passage.traffic },
  });
  const end = async (): Promise<void> => {
    await door[Symbol.asyncDispose]();
    for (const { file } of [requests, events]) await rm(file, { force: true });
  };
  return {
    ...{ component, requests: requests.passage, events: events.passage },
    door: { ...door, [Symbol.asyncDispose]: end },
  };
}

const tell = (log: Log, side: Side) => (what: 'unread' | 'unsent') =>
  log.warn({ side, what }, 'zest connections were reset: more was under way than a component may have');
