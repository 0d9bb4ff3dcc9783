/** The original's options of `start`: those that still mean something, and why the others do not. */
import { type Command, Option } from 'commander';
import type { SettingName } from '../base/settings.ts';
import { Failure } from '../base/errors.ts';

/** The original's names of settings. */
export const originalNames: Record<string, SettingName> = {
  '--sslHostName': 'owner.host-name',
  '--manifestStore': 'appstore.repositories',
  '--registryHost': 'docker.registry-host',
  '--registry': 'docker.registry',
};
/** Switches, and what they set. */
export const originalSwitches: Record<string, readonly [setting: SettingName, value: string]> = {
  '--flushSLAs': ['manager.flush-slas', 'true'],
  '--regenerateCerts': ['manager.regenerate-certificates', 'true'],
  '-v': ['log.level', 'debug'],
};

const inProcess = 'the core services are part of this one process and have no image';
const refusals: Record<string, string> = {
  ...Object.fromEntries(
    ['cm', 'core-ui', 'arbiter', 'core-network', 'core-network-relay', 'app-server', 'export-service', 'store'].map(
      (name) => [`--${name}`, inProcess],
    ),
  ),
  '--swarm-ip': 'there is no swarm, all containers run on this machine',
  '--arch': 'the architecture is that of this program',
  '--devmount':
    'a folder mounted into a container would run what nobody reviewed; while you write a component, ' +
    'databox install-component FOLDER --watch replaces it at every save',
};

/** Lets `start` name the option that is gone, and why, instead of calling it unknown. */
export function refuseOriginal(command: Command): void {
  for (const [flag, reason] of Object.entries(refusals)) {
    const option = new Option(`${flag} [value]`, reason).hideHelp();
    command.addOption(option);
    command.on(`option:${option.name()}`, () => {
      throw new Failure('usage', `${flag} is an option of the original only: ${reason}`);
    });
  }
}

/** The original's names with one dash, as its documentation has them. */
const singleDash: Record<string, RegExp> = {
  start:
    /^-(sslHostName|manifestStore|registryHost|registry|release|password|flushSLAs|regenerateCerts|devmount|swarm-ip|arch)(=|$)/,
  wipe: /^-(LeaveCmgrStore|removeCerts)$/,
};

/** Command lines as the original took them: `start -sslHostName box` is `start --sslHostName box`. */
export function modernSpelling(argv: readonly string[]): string[] {
  const known = singleDash[argv[2] ?? ''];
  return argv.map((word, at) => (at > 2 && known?.test(word) ? `-${word}` : word));
}
