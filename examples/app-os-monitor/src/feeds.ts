import { setTimeout } from 'node:timers/promises';
import { retry, type DataSource, type Entry } from '../../../src/client/index.ts';

export type Sample = { timestamp: number; value: number };

export type Feed = {
  /** Oldest first; the latest five minutes. */
  readonly samples: readonly Sample[];
  /** Samples read since the app started. */
  readonly read: number;
  /** Why nothing comes at the moment, `null` when it does. */
  readonly trouble: string | null;
};

const kept = 300;

/**
 * Follows a datasource for as long as the signal allows: what is there already, then every write as it happens. After
 * an interruption, of whatever kind, it begins again where it stopped.
 */
export function follow(source: DataSource, signal: AbortSignal): Feed {
  const feed = { samples: [] as Sample[], read: 0, trouble: 'waiting for data' as string | null };
  const take = ({ timestamp, data }: Entry): void => {
    const { value } = data as { value?: unknown };
    if (typeof value !== 'number') return;
    feed.samples.push({ timestamp, value });
    feed.samples.splice(0, feed.samples.length - kept);
    feed.read++;
  };
  void keepFollowing(source, { feed, take, signal });
  return feed;
}

type Following = {
  feed: { samples: Sample[]; trouble: string | null };
  take: (entry: Entry) => void;
  signal: AbortSignal;
};

async function keepFollowing(source: DataSource, following: Following): Promise<void> {
  const { feed, signal } = following;
  while (!signal.aborted) {
    try {
      await followOnce(source, following);
    } catch (err) {
      if (signal.aborted) return;
      // A permission may have been revoked: the owner may give it again.
      feed.trouble = String((err as Error).message);
      console.error(`${source.id}: ${feed.trouble}`);
      await setTimeout(2_000, undefined, { signal }).catch(() => undefined);
    }
  }
}

async function followOnce({ client, id, storeType }: DataSource, { feed, take, signal }: Following): Promise<void> {
  const series = storeType === 'ts' ? client.ts : client.tsBlob;
  const catchUp = async (): Promise<void> => {
    const newest = feed.samples.at(-1)?.timestamp;
    const onFailure = (err: unknown) => (feed.trouble = String((err as Error).message));
    const read = () => (newest === undefined ? series.lastN(id, kept) : series.since(id, newest + 1));
    for (const entry of (await retry<Entry[]>(read, { signal, onFailure })).toReversed()) take(entry);
    feed.trouble = null;
  };
  await catchUp();
  let behind = true;
  for await (const event of series.observe(id, { signal, onGap: () => (behind = true) })) {
    // The first event after a pause shows that the stream lives: only now is nothing missed any more.
    if (behind) await catchUp();
    else take(event);
    behind = false;
    feed.trouble = null;
  }
}
