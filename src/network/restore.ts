/** restore — from what iptables-save shows to the text that iptables-restore needs. Pure. */
import type { TableRules } from './rules.ts';

/** Rules as saved, by table and chain, each without `-A chain`. */
export type Saved = ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;

/** Reads the output of iptables-save. */
export function parseSave(text: string): Saved {
  const tables = new Map<string, Map<string, string[]>>();
  let chains = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [first = '', second = ''] = line.split(' ');
    if (line.startsWith('*')) tables.set(line.slice(1).trim(), (chains = new Map<string, string[]>()));
    else if (line.startsWith(':')) chains.set(first.slice(1), []);
    else if (first === '-A') chains.get(second)?.push(line.slice(`-A ${second} `.length).trim());
  }
  return tables;
}

const empty: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>();
const ours = (chain: string): boolean => chain === 'DBX' || chain.startsWith('DBX-');
const jumpsToUs = (rule: string): boolean => / -j DBX(-[A-Z]+)*$/.test(` ${rule}`);
const dockerUser = 'DOCKER-USER';
const toDockerUser = `-j ${dockerUser}`;

/** Whether Docker's firewall is the one that this text was saved from. */
export const hasDocker = (saved: Saved): boolean =>
  saved.get('filter')?.has(dockerUser) === true && dockerJumps(saved) > 0;

/** How often FORWARD leads to DOCKER-USER: once, unless somebody took the jump out or put it back twice. */
export const dockerJumps = (saved: Saved): number =>
  (saved.get('filter')?.get('FORWARD') ?? []).filter((rule) => rule.endsWith(toDockerUser)).length;

/**
 * Text for `iptables-restore --noflush`: fills our chains anew, puts each jump first and drops jumps that are elsewhere.
 * Each table changes in one step. Docker's DOCKER-USER and its jump are put back too, if a flush took them.
 */
export function restoreText(rules: readonly TableRules[], saved: Saved): string {
  return rules.map((table) => tableText(table, saved.get(table.table) ?? empty)).join('');
}

function tableText({ table, chains, jumps }: TableRules, saved: ReadonlyMap<string, readonly string[]>): string {
  const stale = [...saved.keys()].filter((chain) => ours(chain) && !(chain in chains));
  const lines = [`*${table}`, ...[...Object.keys(chains), ...stale].map((chain) => `:${chain} - [0:0]`)];
  if (table === 'filter') {
    if (!saved.has(dockerUser)) lines.push(`:${dockerUser} - [0:0]`);
    if (!saved.get('FORWARD')?.some((rule) => rule.endsWith(toDockerUser))) lines.push(`-I FORWARD 1 ${toDockerUser}`);
  }
  for (const [chain, rules] of Object.entries(chains)) for (const rule of rules) lines.push(`-A ${chain} ${rule}`);
  for (const { from, rule } of jumps) {
    const present = (saved.get(from) ?? []).filter(jumpsToUs);
    if (present.length === 1 && present[0] === rule && saved.get(from)?.[0] === rule) continue;
    lines.push(...present.map((old) => `-D ${from} ${old}`), `-I ${from} 1 ${rule}`);
  }
  return [...lines, ...stale.map((chain) => `-X ${chain}`), 'COMMIT', ''].join('\n');
}

/** Text that takes away everything of ours and nothing else; empty when there is nothing. */
export function removeText(saved: Saved): string {
  const tables = [...saved].map(([table, chains]) => {
    const names = [...chains.keys()].filter(ours);
    const jumps = [...chains].flatMap(([chain, rules]) =>
      ours(chain) ? [] : rules.filter(jumpsToUs).map((rule) => `-D ${chain} ${rule}`),
    );
    // A repair of ours may have put Docker's jump back while Docker, which takes it out to move it first, did so too.
    const doubles =
      table === 'filter' ? (chains.get('FORWARD') ?? []).filter((rule) => rule === toDockerUser).slice(1) : [];
    if (names.length + jumps.length === 0) return '';
    const lines = [
      `*${table}`,
      ...names.map((chain) => `:${chain} - [0:0]`),
      ...jumps,
      ...doubles.map((rule) => `-D FORWARD ${rule}`),
    ];
    return [...lines, ...names.map((chain) => `-X ${chain}`), 'COMMIT', ''].join('\n');
  });
  return tables.join('');
}

/**
 * What is ours in a saved text, as one comparable text; `null` when it is not all there: a chain has not as many rules
 * as it should, or a jump is not the first rule of its chain. Whether Docker leads there is `hasDocker`'s question.
 */
export function footprint(rules: readonly TableRules[], saved: Saved): string | null {
  const lines: string[] = [];
  for (const { table, chains, jumps } of rules) {
    const found = saved.get(table);
    for (const [chain, wanted] of Object.entries(chains)) {
      const present = found?.get(chain);
      if (present?.length !== wanted.length) return null;
      lines.push(...present.map((rule) => `${table} ${chain} ${rule}`));
    }
    for (const { from } of jumps) {
      const first = found?.get(from)?.[0];
      if (first === undefined || !jumpsToUs(first)) return null;
      lines.push(`${table} ${from} ${first}`);
    }
  }
  return lines.join('\n');
}
