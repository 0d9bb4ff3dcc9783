import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Rig } from './index.ts';

/** Everything a component or the platform could leave behind, as sorted lines under a heading. */
export type Traces = Record<string, string[]>;

/** Takes stock of the box: rules, sets, networks, addresses, containers, doors, secrets, and the arbiter's rows. */
export async function traces(rig: Rig): Promise<Traces> {
  const box = async (...argv: string[]) => (await rig.rooms.box.run(argv)).split('\n');
  const docker = async (...argv: string[]) => (await rig.engine.docker(argv)).split('\n');
  const doors = [...(await box('ss', '-H', '-ltn')), ...(await box('ss', '-H', '-lun'))];
  return tidy({
    rules: [...(await box('iptables-save')), ...(await box('ip6tables-save'))].filter(isRule).map(withoutCounters),
    sets: await box('ipset', 'list', '-n'),
    links: (await box('ip', '-o', 'link')).map((line) => line.split(':')[1]?.trim().replace(/@.*/, '') ?? ''),
    addresses: (await box('ip', '-4', '-o', 'addr')).map(
      (line) => /(\S+)\s+inet (\S+)/.exec(line)?.slice(1).join(' ') ?? '',
    ),
    routes: await box('ip', 'route'),
    networks: await docker('network', 'ls', '--format', '{{.Name}}'),
    containers: await docker('ps', '-a', '--format', '{{.Names}}'),
    volumes: await docker('volume', 'ls', '-q'),
    doors: doors.map((line) => withoutPort(line.trim().split(/\s+/)[3] ?? '')),
    secrets: filesIn(join(rig.databox.runDir, 'secrets')),
    sockets: filesIn(rig.databox.runDir).filter((name) => name.endsWith('.sock')),
    permissions: permissionsIn(join(rig.databox.stateDir, 'arbiter.sqlite')),
    stores: filesIn(join(rig.databox.stateDir, 'stores')).filter((name) => name.endsWith('.sqlite')),
  });
}

/** Rules and chains of our own or Docker's; a table that was looked into once exists, empty, from then on. */
const isRule = (line: string): boolean => line.startsWith('-A') || /^:\S+ - /.test(line);
const withoutCounters = (line: string): string => withoutPort(line.replace(/\[\d+:\d+\]/, ''));
/** Services listen on free ports, other ones after each start. */
const withoutPort = (text: string): string => text.replace(/(\d+\.\d+\.\d+\.\d+):\d{5}$/, '$1:free');
const tidy = (all: Traces): Traces =>
  Object.fromEntries(Object.entries(all).map(([what, lines]) => [what, lines.filter(Boolean).sort()]));
const filesIn = (dir: string): string[] => (existsSync(dir) ? readdirSync(dir, { recursive: true }).map(String) : []);

function permissionsIn(file: string): string[] {
  if (!existsSync(file)) return [];
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    const components = db
      .prepare('SELECT name FROM component')
      .all()
      .map(({ name }) => `component ${String(name)}`);
    const grants = db.prepare('SELECT component, method, target, path, caveats FROM permission').all();
    return [...components, ...grants.map((grant) => Object.values(grant).join(' '))];
  } finally {
    db.close();
  }
}
