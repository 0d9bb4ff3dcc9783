/** guard — keeps the rules of the current tables in the kernel, and puts them back when somebody takes them away. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../base/errors.ts';
import { createLane } from '../base/lane.ts';
import type { Kernel } from './kernel.ts';
import type { Native } from './native.ts';
import { type Gate, rulesOf } from './rules.ts';
import { setSysctls } from './sysctl.ts';
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
  let repairs = 0;
  const problems: string[] = [];
  const enforce = (): Promise<void> => {
    waiting = undefined;
    return put(options, wanted);
  };
  const look = async (): Promise<boolean> => {
    const ms = await inTurn(() => insist(() => repaired(kernel)));
    if (ms === null) return true;
    repairs++;
    options.onRepaired?.({ ms });
    return false;
  };
  const giveUp = (cause: unknown): boolean => {
    problems.push('removed firewall rules cannot be put back');
    options.onFailed?.(lost(cause));
    return false;
  };
  await enforce();
  const watch = watchFirewall(native, kernel.legacy, () => look().catch(giveUp));
  await look(); // for what happened before the watch began
  return {
    apply: (tables) => {
      wanted = tables;
      return (waiting ??= inTurn(enforce));
    },
    remove: () => inTurn(() => kernel.remove()),
    get repairs() {
      return repairs;
    },
    problems: () => problems,
    [Symbol.dispose]: () => watch[Symbol.dispose](),
  };
}

async function put({ kernel, ...gate }: GuardOptions, tables: Tables): Promise<void> {
  await setSysctls([...tables.components.values()].map(({ bridge }) => bridge));
  await kernel.apply(rulesOf(tables, gate));
}

/** Puts back what is not there; returns how long that took, `null` when all was there. */
async function repaired(kernel: Kernel): Promise<number | null> {
  const noticed = Date.now();
  if (await kernel.intact()) return null;
  await kernel.repair();
  return Date.now() - noticed;
}

const lost = (cause: unknown): Failure =>
  new Failure('network.refused', 'removed firewall rules cannot be put back', {}, { cause });

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
