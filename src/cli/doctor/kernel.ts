/** kernel — whether it does what the rules ask of it. Tried for real, in a network namespace that ends with the trial. */
import { access, constants, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { Failure } from '../../base/errors.ts';
import { run } from '../../base/run.ts';
import type { NetworkFacts } from '../options.ts';
import { type Check, type Finding, needsRoot, notLooked, ok, once, problem, warning } from './check.ts';
import type { Engine } from './docker.ts';
import { type Machine, textOf } from './machine.ts';

const Tried = z.array(z.object({ what: z.string(), refused: z.string().optional() }));
type Tried = z.infer<typeof Tried>;

/** What a start needs, in an owner's words, and the modules that bring it. */
const needs = {
  queue: ['packets can be queued for a verdict (NFQUEUE)', 'nfnetlink_queue xt_NFQUEUE'],
  sets: ['address sets can be made (ipset)', 'ip_set ip_set_hash_ip xt_set'],
  tracking: ['tracked connections can be listed', 'nf_conntrack nf_conntrack_netlink'],
  resets: ['resets can be sent', ''],
  bridges: ['bridges can be made', 'bridge'],
  firewall: ['every kind of firewall rule is taken', 'xt_NFQUEUE xt_connmark xt_CT xt_hashlimit xt_set xt_conntrack xt_mark xt_nat'], // prettier-ignore
  firewall6: ['IPv6 can be closed', 'ip6table_raw'],
} as const satisfies Record<string, readonly [does: string, modules: string]>;
type Need = keyof typeof needs;

const trialMs = 60_000;
const oldestKernel = [4, 19] as const;

export function kernelChecks(machine: Machine, engine: Engine): Check[] {
  const tried = once(() => tryIn(machine, engine));
  return [
    { name: 'kernel.version', look: () => version(machine) },
    { name: 'kernel.forwarding', look: () => forwarding(machine) },
    { name: 'kernel.settings', look: () => settings(machine) },
    ...(Object.keys(needs) as Need[]).map((need) => ({
      name: `kernel.${need}`,
      deadlineMs: trialMs + 40_000,
      look: async () => (machine.isRoot ? findingOf(need, await tried()) : needsRoot(needs[need][0])),
    })),
  ];
}

/** The namespace ends with the process that was started in it, and all that was written there with it. */
async function tryIn(machine: Machine, engine: Engine): Promise<Tried | Failure> {
  const facts = await machine.network();
  const isVisible = machine.isRoot && (await engine.isThere());
  const backend = isVisible ? await facts.firewall().catch(() => 'iptables') : 'iptables';
  const here = await namespace();
  const argv = ['--net', '--', ...machine.program, 'doctor', '--trial-of', here, '--trial-with', backend];
  try {
    const text = await run('unshare', argv, { code: 'network.refused', timeoutMs: trialMs });
    return Tried.parse(JSON.parse(text));
  } catch (err) {
    if (err instanceof Failure) return err;
    throw err;
  }
}

const namespace = (): Promise<string> => readlink('/proc/self/ns/net');

/**
 * What the child does: prints, as JSON, what the kernel refused.
 * @param outside the network namespace that must not be touched
 * @throws Failure `usage` when this is that namespace
 */
export async function trial(facts: NetworkFacts, { outside, backend }: { outside: string; backend: string }) {
  const here = await namespace();
  if (here === outside || here === (await readlink('/proc/1/ns/net').catch(() => ''))) {
    throw new Failure('usage', 'the trial writes rules: it runs only in a network namespace of its own');
  }
  process.stdout.write(`${JSON.stringify(await facts.tryKernel(backend))}\n`);
}

function findingOf(need: Need, tried: Tried | Failure): Finding {
  const [does, modules] = needs[need];
  if (tried instanceof Failure) {
    if (need !== 'queue') return notLooked('no network namespace could be made to try it in');
    return problem('network.refused', `the kernel could not be tried: ${tried.message}`, 'Run databox doctor outside of containers, as root with all capabilities.'); // prettier-ignore
  }
  const addon = tried.find(({ what }) => what === 'addon')?.refused;
  if (addon !== undefined) return need === 'queue' ? problem('network.refused', addon, 'Install Databox anew, and see disk.temporary.') : notLooked('the native part does not load'); // prettier-ignore
  const line = tried.find(({ what }) => what === need);
  if (!line) return need === 'firewall6' ? ok('this machine has no IPv6') : notLooked('the trial ended early');
  if (line.refused === undefined) return ok(does);
  return problem('network.refused', `not so: ${does}: ${line.refused}`, adviceOf(need, line.refused, modules));
}

function adviceOf(need: Need, refused: string, modules: string): string {
  if (/not permitted|you must be root/i.test(refused)) return 'Run it as root with all capabilities (CAP_NET_ADMIN, CAP_NET_RAW), outside of containers.'; // prettier-ignore
  if (/ENOENT/.test(refused)) return 'Install the tools: sudo apt install iptables iproute2.';
  const load = modules === '' ? 'restart' : `load the modules (sudo modprobe -a ${modules})`;
  const tools = need.startsWith('firewall') ? 'Install iptables anew (sudo apt install --reinstall iptables), ' : '';
  const sentence = `${load}; if they are not there, install the kernel of your system: sudo apt install linux-image-$(dpkg --print-architecture), on a Raspberry Pi raspberrypi-kernel.`; // prettier-ignore
  return tools === '' ? `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}` : `${tools}${sentence}`;
}

async function version(machine: Machine): Promise<Finding> {
  const release = (await textOf(machine, '/proc/sys/kernel/osrelease')).trim();
  const [major = 0, minor = 0] = release.split('.').map((part) => parseInt(part, 10));
  if (major > oldestKernel[0] || (major === oldestKernel[0] && minor >= oldestKernel[1])) return ok(`Linux ${release}`);
  return warning(`Linux ${release} is older than ${oldestKernel.join('.')}, the oldest that Databox is meant for`, 'Upgrade the system: sudo apt full-upgrade, then sudo reboot.'); // prettier-ignore
}

async function forwarding(machine: Machine): Promise<Finding> {
  const path = '/proc/sys/net/ipv4/ip_forward';
  if ((await textOf(machine, path)).trim() === '1') return ok('packets are forwarded');
  const mayWrite = machine.isRoot && (await access(join(machine.root, path), constants.W_OK).then(() => true, () => false)); // prettier-ignore
  if (mayWrite) return ok('packets are not forwarded yet; a start turns it on');
  if (!machine.isRoot) return needsRoot('packets are not forwarded yet');
  return problem('network.refused', 'packets are not forwarded, and a start cannot turn it on', 'Turn it on: sudo sysctl -w net.ipv4.ip_forward=1.'); // prettier-ignore
}

async function settings(machine: Machine): Promise<Finding> {
  const weak = await (await machine.network()).weakSettings().catch(() => []);
  if (weak.length === 0) return ok('no setting of the kernel weakens the rules');
  return warning(weak.join('; '), 'Set it back: sudo sysctl -w net.netfilter.nf_conntrack_tcp_loose=1.');
}
