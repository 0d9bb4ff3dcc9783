import type { Room } from './house.ts';
import type { Rig } from './index.ts';

/**
 * Counts what arrives in a room from the box, without waking a program for each packet: the receiving end's own counter
 * of one rule. Version six and the neighbour's questions are the machine's own talk and are not counted.
 */
export async function counterAt(rig: Rig, room: Exclude<Room, 'box'>): Promise<() => Promise<number>> {
  const rule = ['-i', 'eth0', '-m', 'comment', '--comment', 'rig-counter'];
  await rig.rooms[room].run(['iptables', '-w', '-t', 'raw', '-A', 'PREROUTING', ...rule]);
  return async () => {
    const listed = await rig.rooms[room].run(['iptables', '-w', '-t', 'raw', '-nvxL', 'PREROUTING']);
    const line = listed.split('\n').find((text) => text.includes('rig-counter')) ?? '';
    return Number(line.trim().split(/\s+/)[0]);
  };
}
