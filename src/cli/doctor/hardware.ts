/** hardware — whether this machine is one that Databox is made for. */
import { availableParallelism, totalmem } from 'node:os';
import { bytes } from '../text.ts';
import { type Check, type Finding, ok, problem, warning } from './check.ts';
import { type Machine, textOf } from './machine.ts';

/** A Raspberry Pi 4 with 1 GB shows about 900 MB: some components fit, with smaller limits. */
const smallBytes = 1_100_000_000;
const tooSmallBytes = 450_000_000;

export const hardwareChecks = (machine: Machine): Check[] => [
  { name: 'machine.processor', look: () => processor(machine) },
  { name: 'machine.memory', look: () => memory(machine) },
];

function processor({ arch }: Machine): Finding {
  if (arch !== 'x64' && arch !== 'arm64') {
    return problem('network.refused', `the processor is ${arch}; Databox is made for amd64 and arm64`, 'Use a 64-bit system: on a Raspberry Pi 3 or newer the 64-bit image.'); // prettier-ignore
  }
  const count = availableParallelism();
  const found = `${count} processor${count === 1 ? '' : 's'}, ${arch}`;
  return count > 1 ? ok(found) : warning(found, 'Use a machine with two processors or more: one busy component slows all others.'); // prettier-ignore
}

async function memory(machine: Machine): Promise<Finding> {
  const kilobytes = /^MemTotal:\s+(\d+) kB/m.exec(await textOf(machine, '/proc/meminfo'))?.[1];
  const all = kilobytes === undefined ? totalmem() : Number(kilobytes) * 1_024;
  const limit = machine.config['container.memory-mb'];
  const found = `${bytes(all)} of memory; a component may use ${limit} MB`;
  const smaller = 'Give components less (--container-memory-mb 128), install few of them, and add swap: sudo apt install zram-tools.'; // prettier-ignore
  if (all < tooSmallBytes) return problem('command.failed', `only ${found}`, 'Use a machine with 1 GB or more.');
  return all < smallBytes ? warning(`only ${found}`, smaller) : ok(found);
}
