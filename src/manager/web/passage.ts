import type { IncomingMessage } from 'node:http';
import { Failure } from '../../base/errors.ts';
import { ComponentName } from '../../base/names.ts';
import { isOwnHost } from './origin.ts';
import type { RequestPath } from './paths.ts';
import type { Passage } from './proxy.ts';
import type { Session } from './sessions.ts';
import type { DoorOptions } from './types.ts';

type Visit = Pick<DoorOptions, 'manager' | 'config' | 'log'> & {
  req: IncomingMessage;
  path: RequestPath;
  session: Session;
};

/**
 * What is needed to pass a request on to the component that its path begins with.
 * @throws Failure `path.unknown` for a name that is not installed, `component.unreachable` for one that does not run
 */
export function passageFor({ req, path, session, manager, config, log }: Visit): Passage {
  const component = path.segments[0] ?? '';
  const target = ComponentName.safeParse(component).success ? manager.uiTarget(component) : undefined;
  if (!target) throw isInstalled(component, manager) ? notRunning(component) : notFound();
  const host = req.headers.host ?? '';
  const port = portOf(new URL(`https://${host}`));
  return {
    ...{ req, target, log, ended: session.ended },
    mount: { component, host },
    path: path.raw.slice(component.length + 1) + path.query,
    isBox: (url) => isOwnHost(url.host, req, config['owner.host-name']) && portOf(url) === port,
  };
}

const portOf = ({ port, protocol }: URL): string => port || (protocol === 'https:' ? '443' : '80');

function isInstalled(name: string, manager: DoorOptions['manager']): boolean {
  try {
    return manager.sla(name) !== undefined;
  } catch {
    return false;
  }
}

const notFound = (): Failure => new Failure('path.unknown', 'page not found');
const notRunning = (name: string): Failure => new Failure('component.unreachable', `${name} is not running`, { name });
