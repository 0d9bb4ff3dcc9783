/** refusal — whether this program can be made a service here, from facts. Pure. */
import { Failure } from '../../base/errors.ts';

export type Facts = {
  isRoot: boolean;
  /** Whether systemd runs this machine. */
  hasSystemd: boolean;
  /** A unit of ours that a package brought. */
  packaged: string | undefined;
  /** The unit in /etc/systemd/system, if there is one. */
  present: string | undefined;
  /** The single binary with all links resolved; `undefined` from a checkout. */
  program: string | undefined;
  /** The first of the program and the folders above it that others than root may change. */
  changeable: string | undefined;
};

/** What the unit hides from the service, or what does not last. */
const hidden = /^\/(home|root|run|tmp|var\/tmp|dev|proc|sys)\//;
/** Letters that a unit takes as they are. */
const plain = /^\/[A-Za-z0-9/._+-]+$/;
const advice = 'put it where only root may write, and call it there: sudo install databox /usr/local/bin/databox';

/** Why nothing may be installed or removed here. */
export function refusalOf({ isRoot, hasSystemd, packaged }: Facts): Failure | undefined {
  if (!hasSystemd) return new Failure('service.unavailable', 'systemd does not run this machine; use: databox start');
  if (!isRoot) return new Failure('user.refused', 'only root may change services; try sudo');
  if (packaged === undefined) return undefined;
  const sentence = `${packaged} belongs to a package: use systemctl to start and stop it, apt to remove it`;
  return new Failure('service.exists', sentence, { unit: packaged });
}

/**
 * The program that the unit may name. A service runs as root at every start: nobody else may exchange its program.
 * @throws Failure `service.program` for a checkout, and for a program that the service would not see or cannot trust;
 *   `service.exists` for a unit that somebody else wrote
 */
export function serviceProgram({ program, present, changeable }: Facts): string {
  if (program === undefined) {
    const sentence = 'a checkout is no service: make the single binary (npm run package), and install that';
    throw new Failure('service.program', sentence);
  }
  const refuse = (fault: string): Failure => new Failure('service.program', `${fault}; ${advice}`, { program });
  if (hidden.test(program)) throw refuse(`a service does not see ${program}`);
  if (!plain.test(program)) throw refuse(`${program} has letters that a unit cannot name`);
  if (changeable !== undefined) throw refuse(`others than root may change ${changeable}`);
  if (present !== undefined && !isOurs(present)) {
    throw new Failure('service.exists', 'there is a databox.service that databox did not write: remove it first');
  }
  return program;
}

/** How a unit begins that this command wrote. */
export const heading = '# Databox. Written by databox';
export const isOurs = (unit: string): boolean => unit.startsWith(heading);
