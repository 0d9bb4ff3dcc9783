/** guard — keeps the rules of the current tables in the kernel, and puts them back when somebody takes them away. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../base/errors.ts';
import { createLane } from '../base/lane.ts';
import type { Kernel, Sight } from './kernel.ts';
import type { Native } from './native.ts';
import { type Gate, rulesOf } from './rules.ts';
import { setSysctls, weakSettings } from './sysctl.ts';
import type { Tables } from './tables.ts';
import { watchFirewall } from './watch.ts';

/** Disposing of it only ends the watch: the gate stays shut. */
export type Guard = Disposable & {
  /** Resolves when these tables are in force; calls that wait behind one another are joined, the last one counts. */
  apply(tables: Tables): Promise<void>;
  /** Ends the watch and takes every rule away. */
  remove(): Promise<void>;
  readonly repairs: number;
  problems(): string[];
};

export type GuardOptions = Gate & {
  native: Native;
  kernel: Kernel;
  tables: Tables;
  onRepaired?: (repair: { ms: number }) => void;
  onFailed?: (failure: Failure) => void;
};

/** Another program that rewrites the firewall may be half way when we look; then the next attempt succeeds. */
const attempts = 5;
const retryMs = 200;

/** Puts the gate and the rows in place, and watches over them. */
export async function guard(options: GuardOptions): Promise<Guard> {
  const { native, kernel } = options;
  const lane = createLane();
  const inTurn = <T>(work: () => Promise<T>) => lane('firewall', work);
  let wanted = options.tables;
  let waiting: Promise<void> | undefined;
  const enforce = (): Promise<void> => {
    waiting = undefined;
    return put(options, wanted);
  };
  await enforce();
  const weak = await weakSettings();
  const warden = createWarden(options, () => inTurn(() => insist(() => repaired(kernel))));
  const watch = watchFirewall(native, kernel.legacy, () => warden.look());
  await warden.look(); // for what happened before the watch began
  return {
    apply: (tables) => {
      wanted = tables;
      return (waiting ??= inTurn(enforce));
    },
    remove: () => inTurn(() => kernel.remove()),
    get repairs() {
      return warden.repairs;
    },
    problems: () => [...weak, ...warden.problems()],
    [Symbol.dispose]: () => {
      watch[Symbol.dispose]();
      warden[Symbol.dispose]();
    },
  };
}

/** The owner should know for a while, even if they are away from the screen. */
const alarmMs = 10 * 60_000;

/** Docker has put its own jump back by then, even on a busy Pi: it starts a program or two in between. */
const dockerMs = 5_000;

/** Keeps count of repairs, and of what the owner should know of them. */
function createWarden(options: GuardOptions, repair: () => Promise<Repair>) {
  const lost = 'removed firewall rules cannot be put back';
  let repairs = 0;
  let repairedAt = -Infinity;
  let failed = false;
  const suspicion = createSuspicion((ms) => {
    repairs++;
    repairedAt = performance.now();
    options.onRepaired?.({ ms });
  });
  return {
    get repairs() {
      return repairs;
    },
    /** Resolves to whether all was in place. */
    async look(): Promise<boolean> {
      try {
        const { sight, ms } = await repair();
        failed = false;
        suspicion.weigh(sight, ms);
        return sight === 'whole' || sight === 'doubled';
      } catch (cause) {
        failed = true;
        options.onFailed?.(new Failure('network.refused', lost, {}, { cause }));
        return false;
      }
    },
    problems: (): string[] => [
      ...(failed ? [lost] : []),
      ...(performance.now() - repairedAt < alarmMs
        ? ['another program removed firewall rules of Databox; they were put back']
        : []),
    ],
    [Symbol.dispose]: () => suspicion.drop(),
  };
}

/**
 * Tells of every repair but that of a moment in which Docker was moving its jump to the front: then Docker puts it back
 * as well, it is there twice, and nobody needs to know.
 */
function createSuspicion(tell: (ms: number) => void) {
  let timer: NodeJS.Timeout | undefined;
  const drop = (): void => {
    clearTimeout(timer);
    timer = undefined;
  };
  const confirm = (ms: number): void => {
    drop();
    tell(ms);
  };
  return {
    drop,
    weigh(sight: Sight, ms: number): void {
      if (sight === 'broken') confirm(ms);
      else if (sight === 'unhooked') timer ??= setTimeout(confirm, dockerMs, ms);
      else if (sight === 'doubled') drop();
    },
  };
}

async function put({ kernel, ...gate }: GuardOptions, tables: Tables): Promise<void> {
  await setSysctls([...tables.components.values()].map(({ bridge }) => bridge));
  await kernel.apply(rulesOf(tables, gate));
}

/** What was seen, and how long it took to look and to put back what was missing. */
type Repair = { sight: Sight; ms: number };

async function repaired(kernel: Kernel): Promise<Repair> {
  const noticed = performance.now();
  let sight = await kernel.look();
  if (sight === 'unhooked' || sight === 'broken') {
    const unhooked = await kernel.repair();
    // Docker was quicker: there was nothing to put back.
    if (sight === 'unhooked' && !unhooked) sight = 'whole';
  }
  return { sight, ms: Math.round(performance.now() - noticed) };
}

async function insist<T>(act: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await act();
    } catch (err) {
      if (attempt === attempts) throw err;
      await sleep(retryMs);
    }
  }
}
