/** The doctor as a program, in network and mount namespaces of its own: what it says, and that it leaves no trace. */
import { jest } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildNative } from '../../../build/native.ts';
import { dockerRules } from '../network/rig.ts';

jest.setTimeout(120_000);

const saying = (text: string): string => expect.stringContaining(text) as string;
type Outcome = { check: string; result: string; found: string; advice: string | null };
type Visit = { code: number; out: string; found: Record<string, Outcome> };

const doctor = `${process.execPath} --disable-warning=ExperimentalWarning src/main.ts doctor --json`;
let bin: string;
beforeAll(() => {
  buildNative('nfqueue');
  bin = mkdtempSync(join(tmpdir(), 'dbx-doctor-'));
});
afterAll(() => rmSync(bin, { recursive: true, force: true }));

/** Runs a script of sh in namespaces of its own, where Docker’s rules are in the firewall; `doctor` is its last line. */
async function visit(prepare: string, { command = doctor, after = '' } = {}): Promise<Visit> {
  const script = [
    'set -e',
    'ip link set lo up',
    dockerRules,
    prepare,
    'set +e',
    command,
    'code=$?',
    after,
    'exit $code',
  ];
  const out = await new Promise<{ code: number; text: string }>((done) => {
    execFile('unshare', ['--net', '--mount', 'sh', '-c', script.join('\n')], (err, stdout, stderr) =>
      done({ code: Number(err?.code ?? 0), text: stdout || stderr }),
    );
  });
  const [json = '', ...rest] = out.text.split(/(?<=^\])\n/m);
  const outcomes = json.startsWith('[') ? (JSON.parse(json) as Outcome[]) : [];
  return {
    code: out.code,
    out: outcomes.length > 0 ? rest.join('') : out.text,
    found: Object.fromEntries(outcomes.map((outcome) => [outcome.check, outcome])),
  };
}

test('a machine that is well: every kernel check is tried for real, exit code 0, and nothing is left', async () => {
  const state = `{ iptables-save; ip6tables-save; ip -o link; ipset list -n; } | sed 's/\\[.*\\]//; /^#/d'`;
  const { code, out, found } = await visit(`${state} > /dev/shm/dbx-before.$$`, {
    after: `${state} | diff /dev/shm/dbx-before.$$ - && echo unchanged; rm /dev/shm/dbx-before.$$`,
  });
  expect(Object.values(found).filter(({ result }) => result === 'problem')).toEqual([]);
  for (const name of ['queue', 'sets', 'tracking', 'resets', 'bridges', 'firewall']) {
    expect([name, found[`kernel.${name}`]?.result]).toEqual([name, 'ok']);
  }
  expect(found['docker.firewall']?.found).toMatch(/DOCKER-USER chain is visible with iptables/);
  expect([code, out]).toEqual([0, 'unchanged\n']);
});

test('no docker on the PATH, and a dead socket: exit code 69', async () => {
  for (const name of ['unshare', 'ip', 'iptables-save', 'iptables-restore', 'ip6tables-save', 'ip6tables-restore']) {
    symlinkSync(`/usr/sbin/${name}`, join(bin, name));
  }
  rmSync(join(bin, 'unshare'));
  symlinkSync('/usr/bin/unshare', join(bin, 'unshare'));
  const { code, found } = await visit('', { command: `PATH=${bin} DOCKER_HOST=unix:///nowhere.sock ${doctor}` });
  expect(found['docker.command']?.advice).toContain('apt install docker.io');
  expect(found['docker.engine']).toMatchObject({ result: 'problem', found: saying('/nowhere.sock') });
  expect(code).toBe(69);
});

test('Docker without its firewall: exit code 71', async () => {
  const { code, found } = await visit('iptables -D FORWARD -j DOCKER-USER');
  expect(found['docker.firewall']).toMatchObject({
    result: 'problem',
    advice: saying('"iptables": false'),
  });
  expect(code).toBe(71);
});

test('a kernel that refuses NFQUEUE (simulated: root without CAP_NET_ADMIN): exit code 71', async () => {
  const { code, found } = await visit('', { command: `setpriv --bounding-set -net_admin ${doctor}` });
  expect(found['kernel.queue']).toMatchObject({ result: 'problem', found: saying('not permitted') });
  expect(found['kernel.queue']?.advice).toContain('CAP_NET_ADMIN');
  expect(code).toBe(71);
});

test('a full disk, in memory, and a noexec TMPDIR: exit code 74', async () => {
  const mounts = `mount -t tmpfs -o size=1m,mode=700 tmpfs /mnt
    mkdir /mnt/state /mnt/tmp; chmod 700 /mnt/state; mount -t tmpfs -o noexec tmpfs /mnt/tmp
    head -c 2000000 /dev/zero > /mnt/filler || true`;
  const { code, found } = await visit(mounts, { command: `TMPDIR=/mnt/tmp ${doctor} --state-dir /mnt/state` });
  expect(found['disk.room']).toMatchObject({ result: 'problem', found: saying('only 0 B of 1.0 MB') });
  expect(found['disk.state']?.found).toBe('/mnt/state is in memory (tmpfs): all data is gone after a restart');
  expect(found['disk.temporary']?.found).toContain('/mnt/tmp is mounted noexec');
  expect(code).toBe(74);
});

test('a read-only disk: exit code 78', async () => {
  const mount = `dir=$(mktemp -d /var/tmp/dbx-XXXXXX); mount --bind $dir /mnt; mount -o remount,bind,ro /mnt`;
  const { code, found } = await visit(mount, { command: `${doctor} --state-dir /mnt`, after: 'rmdir $dir' });
  expect(found['disk.state']).toMatchObject({
    result: 'problem',
    found: '/mnt is on a disk that is mounted read-only',
  });
  expect(code).toBe(78);
});

test('somebody holds port 53 of every address, and there is no name server: exit code 78', async () => {
  const listen = `require('dgram').createSocket('udp4').bind(53)`;
  const { code, found } = await visit(
    `: > /dev/shm/dbx-resolv.$$; mount --bind /dev/shm/dbx-resolv.$$ /etc/resolv.conf
     ${process.execPath} -e "${listen}" & held=$!; until grep -q ':0035 ' /proc/self/net/udp; do sleep 0.1; done`,
    { after: 'kill $held; rm /dev/shm/dbx-resolv.$$' },
  );
  expect(found['ports.names']?.found).toMatch(/\(pid \d+\) holds port 53 of every address/);
  expect(found['ports.names']?.advice).toContain('listen-address=127.0.0.1');
  expect(found['addresses.names']).toMatchObject({
    result: 'warning',
    found: saying('no name server'),
  });
  expect(code).toBe(78);
});

test('without root: what it cannot look at it names, exit code 77', async () => {
  const { code, found } = await visit('', {
    command: `setpriv --reuid 65534 --regid 65534 --clear-groups ${doctor}`,
  });
  expect(found['kernel.queue']).toMatchObject({
    result: 'warning',
    found: saying('only root may look'),
  });
  expect(Object.values(found).filter(({ result }) => result === 'problem')).toEqual([]);
  expect(code).toBe(77);
});

test('the trial refuses the network namespace that it was not to touch', async () => {
  const { code, out } = await visit('', { command: `${doctor} --trial-of $(readlink /proc/self/ns/net) 2>&1` });
  expect([code, out]).toEqual([64, saying('network namespace of its own')]);
});
