/** emulator — a whole arm64 machine in one process: processors, memory, disks and a serial console, and no network. */
import { join } from 'node:path';
import { run } from '../../src/base/run.ts';

export type Disks = {
  /** Folder with the kernel `vmlinuz`, its `initrd`, and `disk`, the root file system. */
  system: string;
  /** A file system that is only read; the machine finds it as /dev/disk/by-id/virtio-files. */
  files?: string;
  /** Where the guest agent is spoken to. */
  agent?: string;
};

const disk = (file: string, serial: string, ...options: string[]) => [
  ...['-drive', [`file=${file},if=none,id=${serial},format=raw`, ...options].join(',')],
  ...['-device', `virtio-blk-device,drive=${serial},serial=${serial}`],
];

/** As it is bought: a Pi 4 has these processors. Without `files` what is written stays, else it goes with the machine. */
function argvOf({ system, files, agent }: Disks, boot: string): string[] {
  return [
    ...['-M', 'virt', '-cpu', 'cortex-a72', '-smp', '2', '-m', '2048', '-nographic', '-nic', 'none'],
    ...['-kernel', join(system, 'vmlinuz'), '-initrd', join(system, 'initrd')],
    ...['-append', `console=ttyAMA0 panic=-1 boot=${boot}`, '-no-reboot'],
    ...disk(join(system, 'disk'), 'system', 'cache=unsafe', ...(files === undefined ? [] : ['snapshot=on'])),
    ...(files === undefined ? [] : disk(files, 'files', 'readonly=on')),
    ...(agent === undefined ? [] : serialPort(agent)),
  ];
}

const serialPort = (socket: string) => [
  ...['-device', 'virtio-serial-device', '-chardev', `socket,path=${socket},server=on,wait=off,id=agent`],
  ...['-device', 'virtserialport,chardev=agent,name=org.qemu.guest_agent.0'],
];

/**
 * Runs it until it is off.
 * @param boot  the first program after the initrd
 * @returns what came over the console
 * @throws when it did not end by itself, with the last of it
 */
export async function emulate(
  disks: Disks,
  { boot, signal, timeoutMs }: { boot: string; signal?: AbortSignal; timeoutMs: number },
): Promise<string[]> {
  const lines: string[] = [];
  const onLine = (line: string) => void lines.push(line);
  const argv = ['-n', '19', 'qemu-system-aarch64', ...argvOf(disks, boot)];
  await run('nice', argv, { timeoutMs, onLine, ...(signal && { signal }) });
  return lines;
}
