/**
 * trial — whether this kernel does what a start asks of it, found out by asking for it. It writes rules, a set, a bridge
 * and a queue: only for a network namespace that its caller made for it and throws away.
 */
import { Failure } from '../base/errors.ts';
import { access } from 'node:fs/promises';
import { openFlows } from './conntrack.ts';
import { type Backend, restore, save } from './iptables.ts';
import { ensureBridge } from './links.ts';
import { loadNative, type Native } from './native.ts';
import { openQueue } from './queue.ts';
import { createResets } from './resets.ts';
import { restoreText } from './restore.ts';
import { aliveSet, resetMark, rulesOf, type TableRules } from './rules.ts';
import { masquerade, nothing, type Tables } from './tables.ts';

/** `refused`: the reason, when the kernel does not do it. */
export type Tried = { what: string; refused?: string };

const mark = { value: 0x0db00000, mask: 0x0ff00000 };
const gate = { queue: 7, mark, pool: '10.196.0.0/16', flowsPerSecond: 200 };

/** Tables that make `rulesOf` write every kind of rule there is. */
function everyKind(): Tables {
  const [bridge, src] = ['dbx-00000000', '10.196.1.2'];
  const row = { component: 'trial', bridge, src, protocol: 'tcp' as const, port: 443 };
  const to = { ip: '10.196.0.2', port: 8_443 };
  const rows = [
    { ...row, peer: 'service', dst: '10.196.1.254', to, snat: null },
    { ...row, peer: 'component', dst: '10.196.1.253', to, snat: '10.196.2.254' },
    { ...row, peer: 'outside', dst: '10.196.1.252', to, snat: masquerade },
  ];
  const place = { name: 'trial', bridge, gateway: '10.196.1.1', managerAddress: '10.196.1.251' };
  return {
    ...nothing,
    transport: new Map(rows.map((each) => [each.peer, each])),
    components: new Map([[src, place]]),
  };
}

/** Never throws: each refusal is in its line. */
export async function tryKernel(backend: Backend): Promise<Tried[]> {
  let native: Native;
  try {
    native = loadNative();
  } catch (err) {
    return [{ what: 'addon', refused: reason(err) }];
  }
  const six = await access('/proc/net/if_inet6').then(
    () => true,
    () => false,
  );
  const tried: Tried[] = [];
  for (const [what, attempt] of attempts(native, backend, six)) {
    try {
      await attempt();
      tried.push({ what });
    } catch (err) {
      tried.push({ what, refused: reason(err) });
    }
  }
  return tried;
}

/** In this order: the rules of the firewall name the set. */
const attempts = (native: Native, backend: Backend, six: boolean): [what: string, attempt: () => unknown][] => [
  ['queue', () => openQueue(native, { number: gate.queue, length: 16, mark, onPacket: () => false })[Symbol.dispose]()],
  ['sets', () => fillSet(native)],
  ['tracking', () => openFlows(native, mark)],
  ['resets', () => createResets(native, resetMark(mark))[Symbol.dispose]()],
  ['bridges', () => ensureBridge('dbx0')],
  ['firewall', () => writeRules(backend, 4)],
  ...(six ? [['firewall6', () => writeRules(backend, 6)] as [string, () => unknown]] : []),
];

function fillSet(native: Native): void {
  native.setCreate(aliveSet, 3);
  native.setAdd(aliveSet, Uint32Array.of(1));
}

/** @throws Failure `network.refused` that names the parts of rules that are missing */
async function writeRules(backend: Backend, family: 4 | 6): Promise<void> {
  const rules = rulesOf(everyKind(), gate).filter((table) => table.family === family);
  try {
    await restore(backend, family, restoreText(rules, await save(backend, family)));
  } catch (cause) {
    const missing = await missingExtensions(backend, rules);
    if (missing.length === 0) throw cause;
    throw new Failure('network.refused', `not there: ${missing.join(', ')}`, { missing }, { cause });
  }
}

/**
 * Tries rules alone, one of each combination of extensions: one is missing when no rule with it is taken. When none at all
 * is taken, the reason is another, and `[]` is returned.
 */
async function missingExtensions(backend: Backend, rules: readonly TableRules[]): Promise<string[]> {
  const singles = rules.flatMap(({ family, table, chains }) => {
    const declared = Object.keys(chains).map((chain) => `:${chain} - [0:0]`);
    return Object.entries(chains).flatMap(([chain, lines]) =>
      lines.map((line) => ({
        family,
        text: [`*${table}`, ...declared, `-A ${chain} ${line}`, 'COMMIT', ''].join('\n'),
        extensions: extensionsOf(line),
      })),
    );
  });
  const [taken, refused] = [new Set<string>(), new Set<string>()];
  for (const { family, text, extensions } of new Map(singles.map((each) => [each.extensions.join(), each])).values()) {
    const heard = await restore(backend, family, text).then(
      () => taken,
      () => refused,
    );
    for (const extension of extensions) heard.add(extension);
  }
  return taken.size === 0 ? [] : [...refused].filter((extension) => !taken.has(extension)).sort();
}

/** The matches and targets of a rule that are modules of the kernel: `hashlimit`, `NFQUEUE`. */
export const extensionsOf = (rule: string): string[] =>
  [...rule.matchAll(/-[mj] (\S+)/g)]
    .map((match) => match[1] ?? '')
    .filter((name) => !/^(DBX.*|ACCEPT|DROP|RETURN)$/.test(name));

const reason = (err: unknown): string => (err instanceof Error ? err.message : String(err)).slice(0, 500);
