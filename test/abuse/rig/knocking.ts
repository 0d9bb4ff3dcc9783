import type { Rig } from './index.ts';
import { startProgram, type Program } from './process.ts';

/** Sends a datagram and opens a connection to each address, 20 times a second, in the app's network with full rights. */
export async function knocking(rig: Rig, app: string, targets: readonly string[]): Promise<Program> {
  const netns = await rig.engine.netns(app);
  await rig.inside(app).unleash();
  const script = [
    'import socket, sys, time, select',
    'targets = sys.argv[1:]',
    'print("ready", flush=True)',
    'while not select.select([sys.stdin], [], [], 0.05)[0]:',
    '    for target in targets:',
    '        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):',
    '            with socket.socket(socket.AF_INET, kind | socket.SOCK_NONBLOCK) as door:',
    '                try:',
    '                    door.connect((target, 443))',
    '                    door.send(b"knock")',
    '                except OSError: pass',
  ].join('\n');
  const program = startProgram(['nsenter', `--net=${netns}`, '--', '/usr/bin/python3', '-c', script, ...targets]);
  await program.line((line) => line === 'ready');
  return program;
}
