/** What systemd is to a service: a datagram socket that hears it. Python's, as Node has none. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const listener = `
import json, os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1].replace('@', '\\0', 1))
print('{}', flush=True)
while True: print(json.dumps({'said': s.recv(8192).decode()}), flush=True)
`;

export type Manager = AsyncDisposable & {
  readonly address: string;
  /** Messages so far, each as its lines. */
  readonly heard: string[][];
  /** Resolves with the first message, past or future, that has this line. */
  line(accept: RegExp): Promise<string[]>;
};

/** @param address a path, or `@` and an abstract name */
export async function startManager(address: string): Promise<Manager> {
  const child = spawn('/usr/bin/python3', ['-c', listener, address], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  await once(lines, 'line');
  const heard: string[][] = [];
  const waiting = new Set<() => void>();
  lines.on('line', (line) => {
    heard.push((JSON.parse(line) as { said: string }).said.split('\n'));
    for (const wake of waiting) wake();
  });
  return {
    address,
    heard,
    line: (accept) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = heard.find((message) => message.some((line) => accept.test(line)));
          if (!found) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
    async [Symbol.asyncDispose]() {
      child.kill();
      await once(child, 'exit');
    },
  };
}
