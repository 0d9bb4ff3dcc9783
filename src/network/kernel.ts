/** kernel — keeps a rule set in the kernel's firewall. */
import { access } from 'node:fs/promises';
import { Failure } from '../base/errors.ts';
import { type Backend, type Family, findBackend, isNft, restore, save } from './iptables.ts';
import { dockerJumps, footprint, hasDocker, removeText, restoreText, type Saved } from './restore.ts';
import type { TableRules } from './rules.ts';

/**
 * What is there of the rules that were last asked for.
 * - `whole`     all of them, and first in their places
 * - `doubled`   all, and Docker's jump to DOCKER-USER twice: we put it back while Docker did
 * - `unhooked`  all, but Docker's jump is gone: Docker takes it out to move it first, for some milliseconds
 * - `broken`    not all
 */
export type Sight = 'whole' | 'doubled' | 'unhooked' | 'broken';

export type Kernel = {
  /** Whether the rules are in the legacy tables, which do not tell of changes. */
  readonly legacy: boolean;
  /** Brings these rules in force; tables that did not change since the last call are left alone, if that succeeded. */
  apply(rules: readonly TableRules[]): Promise<void>;
  look(): Promise<Sight>;
  /** Writes all of it anew. Resolves to whether Docker's jump had to be put back. */
  repair(): Promise<boolean>;
  /** Takes away everything of ours. */
  remove(): Promise<void>;
};

/** @throws Failure `network.refused` when Docker's firewall is not visible */
export async function openKernel(): Promise<Kernel> {
  const [backend, families] = await Promise.all([findBackend(), familiesHere()]);
  let wanted: readonly TableRules[] = [];
  /** `wanted`, once the kernel has it; after a failure it may have anything, and all is written anew. */
  let applied: readonly TableRules[] | undefined;
  /** As iptables-save spells it; the first look after a change learns it, later ones compare. */
  let spelling: string | undefined;
  const repair = async (): Promise<boolean> => {
    applied = spelling = undefined;
    const unhooked = await writeAnew(backend, families, wanted);
    applied = wanted;
    return unhooked;
  };
  return {
    legacy: !(await isNft(backend)),
    async apply(rules) {
      const before = applied;
      wanted = rules;
      if (!before) return void (await repair());
      const changed = rules.filter((table) => !before.some((other) => same(other, table)));
      if (changed.length > 0) applied = spelling = undefined;
      try {
        // The jumps are where they were put; if somebody moved them, the watch notices and repairs.
        for (const family of families) await write(backend, of(changed, family), inPlace(changed));
        applied = wanted;
      } catch (err) {
        if (!(err instanceof Failure)) throw err;
        await repair();
      }
    },
    async look() {
      if (!applied) return wanted.length === 0 ? 'whole' : 'broken';
      const { text, sight } = await found(backend, families, wanted);
      return text === null || text !== (spelling ??= text) ? 'broken' : sight;
    },
    repair,
    async remove() {
      wanted = [];
      applied = undefined;
      for (const family of families) await restore(backend, family, removeText(await save(backend, family)));
    },
  };
}

/** By the number of Docker's jumps to ours. */
const sights = ['unhooked', 'whole', 'doubled'] as const;

/** What is there of these rules as one comparable text, `null` when it is not all; and how it looks if it is. */
async function found(
  backend: Backend,
  families: Family[],
  rules: readonly TableRules[],
): Promise<{ text: string | null; sight: Sight }> {
  const looks = families.map(async (family) => {
    const saved = await save(backend, family);
    return {
      text: footprint(of(rules, family), saved),
      hooks: family === 4 && hasDocker(saved) ? dockerJumps(saved) : 0,
    };
  });
  const all = await Promise.all(looks);
  const texts = all.map(({ text }) => text);
  return {
    text: texts.includes(null) ? null : texts.join('\n'),
    sight: sights[Math.min(all[0]?.hooks ?? 0, 2)] ?? 'broken',
  };
}

/** Resolves to whether Docker's jump was missing when it was written. */
async function writeAnew(backend: Backend, families: Family[], rules: readonly TableRules[]): Promise<boolean> {
  let unhooked = false;
  for (const family of families) {
    const saved = await save(backend, family);
    unhooked ||= family === 4 && !hasDocker(saved);
    await write(backend, of(rules, family), saved);
  }
  return unhooked;
}

const write = async (backend: Backend, rules: readonly TableRules[], saved: Saved): Promise<void> => {
  const [first] = rules;
  if (first) await restore(backend, first.family, restoreText(rules, saved));
};

const of = (rules: readonly TableRules[], family: Family): TableRules[] =>
  rules.filter((table) => table.family === family);

/** A machine without IPv6 has nothing to close there, and no ip6tables that works. */
const familiesHere = (): Promise<Family[]> =>
  access('/proc/net/if_inet6').then(
    () => [4, 6],
    () => [4],
  );

const same = (a: TableRules, b: TableRules): boolean =>
  a.table === b.table && a.family === b.family && JSON.stringify(a) === JSON.stringify(b);

/** What iptables-save would show of the jumps, were it asked. */
const inPlace = (rules: readonly TableRules[]): Saved =>
  new Map(
    rules.map(({ table, jumps }) => [
      table,
      new Map([
        ...jumps.map(({ from, rule }) => [from, [rule]] as const),
        ...(table === 'filter' ? [['FORWARD', ['-j DOCKER-USER']] as const] : []),
      ]),
    ]),
  );
