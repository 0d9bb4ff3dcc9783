/** kernel — keeps a rule set in the kernel's firewall. */
import { access } from 'node:fs/promises';
import { Failure } from '../base/errors.ts';
import { type Backend, type Family, findBackend, isNft, restore, save } from './iptables.ts';
import { footprint, removeText, restoreText, type Saved } from './restore.ts';
import type { TableRules } from './rules.ts';

export type Kernel = {
  /** Whether the rules are in the legacy tables, which do not tell of changes. */
  readonly legacy: boolean;
  /** Brings these rules in force; tables that did not change since the last call are left alone. */
  apply(rules: readonly TableRules[]): Promise<void>;
  /** Whether all of what was applied last is there, and first in its place. */
  intact(): Promise<boolean>;
  /** Writes all of it anew. */
  repair(): Promise<void>;
  /** Takes away everything of ours. */
  remove(): Promise<void>;
};

/** @throws Failure `network.refused` when Docker's firewall is not visible */
export async function openKernel(): Promise<Kernel> {
  const backend = await findBackend();
  const families = await familiesHere();
  let applied: readonly TableRules[] = [];
  /** As iptables-save spells it; the first look after a change learns it, later ones compare. */
  let spelling: string | undefined;
  const repair = async (): Promise<void> => {
    spelling = undefined;
    for (const family of families) await write(backend, of(applied, family), await save(backend, family));
  };
  return {
    legacy: !(await isNft(backend)),
    async apply(rules) {
      const changed = rules.filter((table) => !applied.some((before) => same(before, table)));
      const first = applied.length === 0;
      applied = rules;
      if (first) return repair();
      spelling = undefined;
      try {
        // The jumps are where they were put; if somebody moved them, the watch notices and repairs.
        for (const family of families) await write(backend, of(changed, family), inPlace(changed));
      } catch (err) {
        if (!(err instanceof Failure)) throw err;
        await repair();
      }
    },
    async intact() {
      const parts = await Promise.all(
        families.map(async (family) => footprint(of(applied, family), await save(backend, family))),
      );
      if (parts.includes(null)) return false;
      const text = parts.join('\n');
      return text === (spelling ??= text);
    },
    repair,
    async remove() {
      for (const family of families) await restore(backend, family, removeText(await save(backend, family)));
      applied = [];
    },
  };
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
