/** monitor — the example driver and app on a machine, and how one sees that they work. */
import { until, type Inside } from './machine.ts';

export const [driver, app] = ['driver-os-monitor', 'app-os-monitor'] as const;
export const driverStore = `${driver}-core-store`;

/** The value that the driver wrote last, and when. */
type Point = { timestamp: number; data: unknown };
const point = async (machine: Inside, which: 'earliest' | 'latest') =>
  (await machine.ask('store', 'get', driverStore, `/ts/freememStructured/${which}`)) as Point[];

/** Waits until the driver has written; before, there is nothing that the app could be given, and its install is refused. */
export async function untilDriverWrites(machine: Inside): Promise<void> {
  await until('data of the driver', 60_000, async () => (await point(machine, 'latest')).length > 0 || undefined);
}

/** Of each start of the service another. */
export const invocationOf = (machine: Inside): Promise<string> =>
  machine.run('systemctl', 'show', '--property=InvocationID', 'databox');

/**
 * Waits until data comes that is newer than this moment, so the driver runs and its store takes it; and the app runs
 * too, and the first data of all is still there.
 * @param slower  how many times longer than usual it may take
 */
export function watcherOf(machine: () => Inside, slower = 1): () => Promise<void> {
  let earliest: string | undefined;
  return async () => {
    const since = Date.now();
    const isFresh = async () => ((await point(machine(), 'latest'))[0]?.timestamp ?? 0) > since || undefined;
    await until('fresh data', 90_000 * slower, isFresh);
    await until('both components', 60_000 * slower, async () => {
      const all = (await machine().ask('list')) as { name: string; state: string }[];
      return (
        [driver, app].every((name) => all.some((one) => one.name === name && one.state === 'running')) || undefined
      );
    });
    const first = JSON.stringify(await point(machine(), 'earliest'));
    earliest ??= first;
    expect(first).toBe(earliest);
  };
}
