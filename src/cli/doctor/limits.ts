/** limits — whether the kernel counts what containers use: a limit that nobody counts is none. */
import { type Check, type Finding, ok, problem } from './check.ts';
import { type Machine, textOf } from './machine.ts';

const controllers = { memory: 'memory', cpu: 'processor time', pids: 'processes' } as const;
type Controller = keyof typeof controllers;

export const limitChecks = (machine: Machine): Check[] =>
  (Object.keys(controllers) as Controller[]).map((name) => ({
    name: `limits.${name}`,
    look: () => counted(machine, name),
  }));

async function counted(machine: Machine, name: Controller): Promise<Finding> {
  const what = controllers[name];
  const on = await isOn(machine, name);
  if (on) return ok(`the kernel counts the ${what} of containers`);
  const found = `the kernel does not count the ${what} of containers: one of them could take all of it`;
  return problem('command.failed', found, await adviceOf(machine, name));
}

/** cgroup v2 lists its controllers in one file; v1 has a line for each, `name hierarchy groups enabled`. */
async function isOn(machine: Machine, name: Controller): Promise<boolean> {
  const two = await textOf(machine, '/sys/fs/cgroup/cgroup.controllers');
  if (two.trim().split(/\s+/).includes(name)) return true;
  const one = await textOf(machine, '/proc/cgroups');
  const fields = one.split('\n').map((line) => line.split(/\s+/)).find(([controller]) => controller === name); // prettier-ignore
  // Hierarchy 0 of version 1 is version 2, whose own list did not have it.
  return fields?.[3] === '1' && fields[1] !== '0';
}

async function adviceOf(machine: Machine, name: Controller): Promise<string> {
  const words = name === 'memory' ? 'cgroup_enable=memory cgroup_memory=1' : `cgroup_enable=${name}`;
  for (const file of ['/boot/firmware/cmdline.txt', '/boot/cmdline.txt']) {
    // Debian leaves a note in the old place that says where the file went.
    const text = await textOf(machine, file);
    if (text === '' || /DO NOT EDIT/.test(text)) continue;
    return `Add ${words} to the one line of ${file} and restart: sudo sed -i '1 s/$/ ${words}/' ${file} && sudo reboot.`;
  }
  return `Add ${words} to GRUB_CMDLINE_LINUX in /etc/default/grub, then: sudo update-grub && sudo reboot.`;
}
